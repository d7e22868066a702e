#pragma once
#include "src/base/tensor.h"

namespace helio::dataio {

// Square uint8 pictures {B, 3, s, s} reduced to {B, 3, side, side} on their device: the same bytes as ATen's
// 8-bit kernel for the CPU gives (antialiased bilinear with 16-bit weights, rows then columns, rounded in
// between). Computed as two products of whole numbers in float64, which are exact in any order of summation.
torch::Tensor ReducedByMatrices(const torch::Tensor& pictures, int64_t side);

}  // namespace helio::dataio
