#pragma once
#include "src/base/named_tensors.h"

namespace helio::recipes {

// What values an encoder's codes of pictures have: a sampler's steps and bounds are in these units, for those
// of one encoder mean nothing for another. Its tensors belong to the generator's part: the same on all ranks
// as long as all show it the whole batch.
class CodeRange {
 public:
  explicit CodeRange(int64_t size);
  void Watch(const torch::Tensor& codes);  // {B, size}, none negative: the whole batch's

  double Mean() const;  // of all units of all codes; 1 before there were any. Reads the device
  const torch::Tensor& highest() const { return highest_; }  // {size}: of each unit

  NamedTensors State(const std::string& prefix) const;

 private:
  torch::Tensor sum_, count_;  // {} float64: of units
  torch::Tensor highest_;
};

}  // namespace helio::recipes
