#pragma once
#include "src/nn/batch_norm.h"
#include "src/nn/convolution.h"

namespace helio::nn {

// A convolution without bias and the batch norm after it, as one convolution wherever both are constants: in
// evaluation mode, and no gradient asked of either. The folded weights are a second copy (what is saved and
// loaded keeps its published names), made at first use and again whenever one of its five sources was written
// to or replaced. Same numbers up to rounding; saves a pass over the map, forward and backward. Not
// thread-safe.
class FoldedConv {
 public:
  torch::Tensor operator()(Conv2d& conv, BatchNorm& norm, const torch::Tensor& input);

 private:
  using Stamp = std::vector<std::pair<const void*, int64_t>>;

  void Fold(const Conv2d& conv, const BatchNorm& norm);

  Stamp stamp_;  // what weight_ and bias_ were made of
  torch::Tensor weight_, bias_;
};

}  // namespace helio::nn
