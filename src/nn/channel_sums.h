#pragma once
#include "src/base/tensor.h"

// Sums of maps, channel by channel, and what normalisations make of them. On the CPU by torch's own kernels,
// which add a channels-last map's positions one after the other in float32: over 2^16 positions and more a
// variance would be off by 1e-4, so such maps are cut into pieces, whose sums are added in float64. The same
// threads give the same bits.
namespace helio::nn {

// Whether the sums of `input` {N, C, h, w} are taken piece by piece.
bool NeedsPieces(const torch::Tensor& input);

// {2 C + 1} float64: over rows and positions of `input` {N, C, ...} the sums of x and of x^2, and their
// number.
torch::Tensor MomentSums(const torch::Tensor& input);

// {2 C} float64: over rows and positions the sums of dy and of dy * xhat, xhat = (x - mean) * scale: the
// gradients of a normalisation's bias and weight. dy and input {N, C, ...}, alike in memory; mean and scale
// {C} float64.
torch::Tensor GradientSums(const torch::Tensor& dy, const torch::Tensor& input, const torch::Tensor& mean,
                           const torch::Tensor& scale);

// A normalisation y = weight * xhat + bias, and what its gradient is made of; each {C} float64.
struct Normalisation {
  torch::Tensor weight, mean, scale;
  torch::Tensor mean_dy, mean_dot;  // of dy, and of dy * xhat, over all rows that share the statistics
};

// dx = weight * scale * (dy - mean_dy - xhat * mean_dot) (Ioffe and Szegedy, arXiv:1502.03167, section 3), as
// factor * dy + slope * x + rest: two passes over the map.
torch::Tensor NormalisedGradient(const torch::Tensor& dy, const torch::Tensor& input,
                                 const Normalisation& of);

// On the CPU a gradient in the memory format of what it is the gradient of: torch's kernels there walk over a
// pair of unlike formats one element at a time, on one thread.
torch::Tensor InFormatOf(const torch::Tensor& input, const torch::Tensor& gradient);

// {C} viewed so that it broadcasts over {N, C, ...}.
torch::Tensor PerChannel(const torch::Tensor& values, const torch::Tensor& like);

}  // namespace helio::nn
