#pragma once
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "src/base/rows.h"
#include "src/base/tensor.h"

namespace helio::recipes {

// Which noise a row of a drawing has: that of a seed and a row number, or a place on the way from it to the
// noise of the same number of another seed.
struct RowNoise {
  uint64_t seed = 0;
  int64_t row = 0;
  uint64_t other_seed = 0;
  double share = 0;  // of the way, 0 to 1: at 0 the other seed does not count
};
using DrawingRows = std::vector<RowNoise>;

// Rows [first, first + local) of one seed.
DrawingRows RowsOf(uint64_t seed, const RowRange& rows);

// Standard normal noise {rows, size} of the device and dtype of `like`; each row is a function of its own
// (seed, purpose, number, row) alone. Between two seeds it is interpolated spherically ("slerp": White 2016,
// "Sampling Generative Networks", section 2.1), so that it keeps the length of noise.
torch::Tensor DrawingNoise(const DrawingRows& rows, const char* purpose, int64_t size,
                           const torch::Tensor& like, std::initializer_list<int64_t> number = {});

}  // namespace helio::recipes
