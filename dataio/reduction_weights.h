#pragma once
#include "src/base/tensor.h"

namespace helio::dataio {

// 8-bit square pictures {B, 3, s, s} reduced to `side` on their device: the very bytes of ATen's 8-bit kernel
// for the CPU (antialiased bilinear with 16-bit weights, rows then columns, rounded in between), as two
// products of whole numbers in float64, which are exact in any order of summation.
torch::Tensor ReducedByMatrices(const torch::Tensor& pictures, int64_t side);

}  // namespace helio::dataio
