#pragma once
#include "dataio/image.h"
#include "src/base/tensor.h"

namespace helio::eval {

// A decoded picture as {3, h, w} uint8, a copy.
inline torch::Tensor PixelsOf(const dataio::Image& image) {
  return torch::tensor(at::ArrayRef<uint8_t>(image.pixels.data(), image.pixels.size()), torch::kUInt8)
      .view({image.height, image.width, 3})
      .permute({2, 0, 1});
}

// Pixels of 0 to 255 as float32 in [-1, 1].
inline torch::Tensor SignedUnits(const torch::Tensor& pixels) {
  return pixels.to(torch::kFloat32).div(127.5).sub(1);
}

}  // namespace helio::eval
