#pragma once
#include "src/base/global_batch.h"
#include "src/base/named_tensors.h"

namespace helio::recipes {

// The range of an encoder's codes of pictures. A sampler's steps and bounds are given in these units, since
// numbers that suit one encoder mean nothing for another. Its tensors belong to the generator's part: the
// same on all ranks, also on hosts with different numbers of threads. Not thread-safe.
class CodeRange {
 public:
  explicit CodeRange(int64_t size);
  // Adds the codes of a batch: `own` {rows.local, size}, none negative. Collective.
  void Add(const torch::Tensor& own, GlobalBatch& ranks, const RowRange& rows);

  double Mean() const;  // over all units of all codes; 1 before the first batch. Reads the device
  const torch::Tensor& highest() const { return highest_; }  // {size}: of each unit

  NamedTensors State(const std::string& prefix) const;

 private:
  torch::Tensor sum_, count_;  // {} float64: of units
  torch::Tensor highest_;
};

}  // namespace helio::recipes
