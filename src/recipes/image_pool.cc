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

// The choices for each of n pictures: {n} bool and {n} int64 on `device`.
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
  const int64_t n = pictures.size(0);
  const auto drawn = Draw(n, chance, pictures.device());
  const auto finite = pictures.isfinite().all();
  const auto next = count_ + torch::arange(n, count_.options());  // where a pool that is not full takes them
  const auto full = next.ge(size());
  const auto places = torch::where(full, drawn.places, next);
  const auto swaps = drawn.swaps & full & finite, enters = (drawn.swaps | ~full) & finite;
  const auto own = pictures.to(images_.scalar_type());
  std::vector<torch::Tensor> shown;
  for (int64_t i = 0; i < n; ++i) {  // one after the other: two may be drawn to the same place
    const auto picture = own.narrow(0, i, 1), place = places.narrow(0, i, 1);
    const auto earlier = images_.index_select(0, place);
    images_.index_copy_(0, place, torch::where(enters[i], picture, earlier));
    shown.push_back(torch::where(swaps[i], earlier, picture));
  }
  count_.copy_(torch::where(finite, (count_ + n).clamp_max(size()), count_));
  return torch::cat(shown).to(pictures.scalar_type());
}

NamedTensors ImagePool::State(const std::string& prefix) const {
  if (size() == 0) return {};
  return {{prefix + "images", images_}, {prefix + "count", count_}};
}

}  // namespace helio::recipes
