#pragma once
#include <vector>

#include "src/base/tensor.h"

namespace helio::eval {

// Scales that pictures of this side have room for: the window of 11 pixels must fit the smallest; 5 at most.
int64_t SimilarityScales(int64_t side);

// Pictures {B, 3, h, w} in [0, 1] at one scale, with the means and variances under the window.
struct SimilarityScale {
  torch::Tensor pictures, mean, variance;
};

// Pictures {B, 3, s, s} in [-1, 1] at all their scales: what a picture brings to each comparison. Throws
// Error{kUser} where not even one scale fits.
std::vector<SimilarityScale> ScalesOf(const torch::Tensor& pictures);

// Multi-scale structural similarity of each pair (Wang, Simoncelli, Bovik 2003), {B} float64 in [0, 1]:
// pictures {B, 3, s, s} in [-1, 1], Gaussian window 11 x 11 with deviation 1.5, K1 = 0.01, K2 = 0.03, windows
// inside the picture only, the mean of three channels. Where there is room for fewer than 5 scales, the
// published weights of the first ones, brought to a sum of 1. Throws Error{kUser} where not even one fits.
torch::Tensor StructuralSimilarity(const torch::Tensor& a, const torch::Tensor& b);
// The same of pictures that are compared more than once.
torch::Tensor StructuralSimilarity(const std::vector<SimilarityScale>& a,
                                   const std::vector<SimilarityScale>& b);

}  // namespace helio::eval
