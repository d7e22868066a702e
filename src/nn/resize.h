#pragma once
#include "src/base/tensor.h"

namespace helio::nn {

// {B, C, h, w} -> {B, C, height, width}, bilinear between pixel centres (torch's align_corners=false). On a
// GPU as two matrix products: torch's own backward adds with atomics there, in an order that differs from run
// to run.
torch::Tensor ResizeBilinear(const torch::Tensor& images, int64_t height, int64_t width);

// The same by products, on any device.
torch::Tensor ResizeByProducts(const torch::Tensor& images, int64_t height, int64_t width);

}  // namespace helio::nn
