#pragma once
#include <cstdint>
#include <vector>

#include "src/base/random.h"
#include "src/base/rows.h"
#include "src/base/tensor.h"

namespace helio {

// Standard normal noise of this rank's rows: draws the whole global batch {rows.global, tail...} and keeps
// the own rows, so the numbers do not depend on how the batch is split. CPU, float32 converted to `dtype`.
torch::Tensor NormalRows(uint64_t key, const RowRange& rows, std::vector<int64_t> tail,
                         torch::Dtype dtype = torch::kFloat32);

// Standard normal noise {rows.local, tail...} in which every row is a function of (key, its global number),
// so that only the own rows are drawn. Other numbers than NormalRows'. Float32, CPU.
torch::Tensor NormalOfRows(uint64_t key, const RowRange& rows, std::vector<int64_t> tail);

// The same as NormalRows for uniform numbers in [0, 1): dropout masks of training encoders.
torch::Tensor UniformRows(uint64_t key, const RowRange& rows, std::vector<int64_t> tail,
                          torch::Dtype dtype = torch::kFloat32);

}  // namespace helio
