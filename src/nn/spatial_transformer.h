#pragma once
#include "src/base/tensor.h"

// The spatial transformer (Jaderberg et al., NIPS 2015) as qassemoquab/stnbhwd publishes it. Coordinates are
// (y, x) in [-1, 1], where -1 and 1 are the *centres* of the first and last cell; outside there are zeros.
// theta {N, 2, 3}: source = theta * (y, x, 1) of the target.
namespace helio::nn {

// The theta that pastes where `theta` crops: 1 / s and -t / s. Entries off the diagonal become zero.
torch::Tensor PasteOf(const torch::Tensor& theta);

// Where each cell of a target of that size looks: {N, height, width, 2}.
torch::Tensor AffineGrid(const torch::Tensor& theta, int64_t height, int64_t width);

// Bilinear weights of a source's cells for each place of a grid {N, h, w, 2}: {N, h w, height width}. As a
// matrix, because sampling by products adds in the same order on every device, forward and backward.
torch::Tensor SamplingWeights(const torch::Tensor& grid, int64_t height, int64_t width);

// Features {N, C, H, W} seen through a grid {N, h, w, 2}: {N, C, h, w}, channels-last memory.
torch::Tensor Sampled(const torch::Tensor& features, const torch::Tensor& grid);

// The same of a map of `side` squared that holds `values` {N, C} in every cell: how much of each place of the
// grid lies inside.
torch::Tensor SampledConstant(const torch::Tensor& values, const torch::Tensor& grid, int64_t side);

}  // namespace helio::nn
