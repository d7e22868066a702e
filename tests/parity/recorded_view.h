#pragma once
#include <string>

#include "src/base/tensor.h"

namespace helio::parity {

// What a recorded tensor shows of a large one (FIXTURES.md section 1), told by the end of its name: every
// S-th position, a crop, every eighth row, the norm, or [sum, sum of squares]. Without such an end: all.
struct RecordedView {
  enum class Kind { kAll, kStride, kCrop, kEighthRows, kNorm, kSums };
  std::string base;  // the large tensor's name
  Kind kind = Kind::kAll;
  int64_t number = 0;  // stride, or the crop's first row and column

  static RecordedView Of(const std::string& name);
  torch::Tensor Look(const torch::Tensor& whole) const;

  bool is_sums() const { return kind == Kind::kSums; }
};

}  // namespace helio::parity
