#pragma once
#include <functional>
#include <string>

#include "src/base/named_tensors.h"

namespace helio::recipes {

// A history of generated pictures that a discriminator sees beside the newest ones (Shrivastava et al.,
// arXiv:1612.07828, as CycleGAN's util/image_pool.py has it). Its tensors are a memory part: the same on all
// ranks as long as all show it the pictures of the whole batch, in order.
class ImagePool {
 public:
  // The random choices for a picture, which count once the pool is full. p above 0.5: it is stored in place
  // of picture number `place`, which is returned in its stead; else it is returned itself and not stored.
  struct Chance {
    double p;
    int64_t place;  // in [0, size)
  };

  // Of `size` pictures of that shape {c, h, w}; 0: everything passes through.
  ImagePool(int64_t size, at::IntArrayRef shape);

  // For each of the pictures {n, c, h, w}, in order: itself, or an earlier one. `chance(i)` is asked for
  // every picture i. No gradient. Pictures that are not finite are returned and none of them is stored. The
  // host does not wait for the device.
  torch::Tensor Exchange(const torch::Tensor& pictures, const std::function<Chance(int64_t)>& chance);

  int64_t size() const { return images_.size(0); }
  // Its tensors, names begin with `prefix`; none of a pool of 0.
  NamedTensors State(const std::string& prefix) const;

 private:
  struct Chances {
    torch::Tensor swaps, places;
  };
  Chances Draw(int64_t n, const std::function<Chance(int64_t)>& chance, torch::Device device) const;

  torch::Tensor images_;  // {size, c, h, w}
  torch::Tensor count_;   // int64: how many of them are filled
};

}  // namespace helio::recipes
