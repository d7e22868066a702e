#include "src/nn/resize.h"

#include <gtest/gtest.h>

namespace helio::nn {
namespace {

// What a GPU computes is what the CPU's operator computes, forward and backward.
TEST(Resize, ByProductsIsTorchsBilinear) {
  torch::manual_seed(1);
  for (const auto& [from, to] : {std::pair<int64_t, int64_t>{16, 23}, {17, 8}, {8, 16}, {1, 5}}) {
    const auto pictures = torch::randn({2, 3, from, from + 3}, torch::kFloat64).requires_grad_();
    const auto pull = torch::randn({2, 3, to, to + 1}, torch::kFloat64);
    const auto ours = ResizeByProducts(pictures, to, to + 1);
    const auto theirs = torch::upsample_bilinear2d(pictures, {to, to + 1}, /*align_corners=*/false);
    EXPECT_TRUE(torch::allclose(ours, theirs, 1e-12, 1e-12)) << from << " to " << to;
    const auto gradient = [&](const torch::Tensor& of) {
      return torch::autograd::grad({of}, {pictures}, {pull})[0];
    };
    EXPECT_TRUE(torch::allclose(gradient(ours), gradient(theirs), 1e-12, 1e-12)) << from << " to " << to;
  }
}

// DAMSM's published crops of 299 are what the trunk reads.
TEST(Resize, WhatHasTheSideIsNotTouched) {
  const auto pictures = torch::zeros({1, 3, 299, 299});
  EXPECT_TRUE(ResizeBilinear(pictures, 299, 299).is_same(pictures));
}

}  // namespace
}  // namespace helio::nn
