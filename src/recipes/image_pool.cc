#include "src/recipes/image_pool.h"

#include <algorithm>

#include "src/base/to_device.h"

namespace helio::recipes {

ImagePool::ImagePool(int64_t size, at::IntArrayRef shape) {
  std::vector<int64_t> whole{size};
  whole.insert(whole.end(), shape.begin(), shape.end());
  images_ = torch::zeros(whole);
  count_ = torch::zeros({}, torch::kInt64);
}

// {n} bool and {n} int64 on `device`: what chance says of each.
ImagePool::Chances ImagePool::Draw(int64_t n, const std::function<Chance(int64_t)>& chance,
                                   torch::Device device) const {
  std::vector<int64_t> swaps, places;
  for (int64_t i = 0; i < n; ++i) {
    const auto [p, place] = chance(i);
    swaps.push_back(p > 0.5);
    places.push_back(std::clamp<int64_t>(place, 0, size() - 1));
  }
  return {ToDevice(torch::tensor(swaps, torch::kInt64), device).to(torch::kBool),
          ToDevice(torch::tensor(places, torch::kInt64), device)};
}

// Every decision stays on the device: how full the pool is, and whether the pictures may enter it.
torch::Tensor ImagePool::Exchange(const torch::Tensor& pictures,
                                  const std::function<Chance(int64_t)>& chance) {
  const torch::NoGradGuard no_grad;
  if (size() == 0) return pictures.detach();
  const auto finite = pictures.isfinite().all();
  const auto drawn = Draw(pictures.size(0), chance, pictures.device());
  std::vector<torch::Tensor> shown;
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    const auto full = count_.ge(size());
    const auto swap = full & drawn.swaps[i];
    const auto place = torch::where(full, drawn.places[i], count_).clamp_max(size() - 1).view({1});
    const auto own = pictures[i].unsqueeze(0), earlier = images_.index_select(0, place);
    const auto stored = torch::where(finite & (swap | ~full), own.to(images_.scalar_type()), earlier);
    images_.index_copy_(0, place, stored);
    count_.add_(finite & ~full);
    shown.push_back(torch::where(finite & swap, earlier.to(own.scalar_type()), own));
  }
  return torch::cat(shown);
}

NamedTensors ImagePool::State(const std::string& prefix) const {
  if (size() == 0) return {};
  return {{prefix + "images", images_}, {prefix + "count", count_}};
}

}  // namespace helio::recipes
