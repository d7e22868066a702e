#pragma once
#include "src/base/global_batch.h"
#include "src/base/named_tensors.h"

namespace helio::recipes {

// What values an encoder's codes of pictures have: a sampler's steps and bounds are in these units, for those
// of one encoder mean nothing for another. Its tensors belong to the generator's part: the same on all ranks,
// on hosts with other numbers of threads too.
class CodeRange {
 public:
  explicit CodeRange(int64_t size);
  // `own`: {rows.local, size}, none negative. Collective.
  void Watch(const torch::Tensor& own, GlobalBatch& ranks, const RowRange& rows);

  double Mean() const;  // of all units of all codes; 1 before there were any. Reads the device
  const torch::Tensor& highest() const { return highest_; }  // {size}: of each unit

  NamedTensors State(const std::string& prefix) const;

 private:
  torch::Tensor sum_, count_;  // {} float64: of units
  torch::Tensor highest_;
};

}  // namespace helio::recipes
