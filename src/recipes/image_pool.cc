#include "src/recipes/image_pool.h"

namespace helio::recipes {

ImagePool::ImagePool(int64_t size, at::IntArrayRef shape) {
  std::vector<int64_t> whole{size};
  whole.insert(whole.end(), shape.begin(), shape.end());
  images_ = torch::zeros(whole);
  count_ = torch::zeros({}, torch::kInt64);
}

torch::Tensor ImagePool::Exchange(const torch::Tensor& pictures,
                                  const std::function<Chance(int64_t)>& chance) {
  const torch::NoGradGuard no_grad;
  if (size() == 0 || !pictures.isfinite().all().item<bool>()) return pictures.detach();
  const auto shown = pictures.detach().clone();
  int64_t count = count_.item<int64_t>();
  for (int64_t i = 0; i < shown.size(0); ++i) {
    if (count < size()) {
      images_[count++].copy_(shown[i]);
      continue;
    }
    const auto [p, place] = chance(i);
    if (p <= 0.5) continue;
    const auto earlier = images_[place].clone();
    images_[place].copy_(shown[i]);
    shown[i].copy_(earlier);
  }
  count_.fill_(count);
  return shown;
}

NamedTensors ImagePool::State(const std::string& prefix) const {
  if (size() == 0) return {};
  return {{prefix + "images", images_}, {prefix + "count", count_}};
}

}  // namespace helio::recipes
