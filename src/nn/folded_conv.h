#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "src/nn/batch_norm.h"
#include "src/nn/convolution.h"
#include "src/nn/packed_conv.h"

namespace helio::nn {

// A convolution without bias, the batch norm after it and what comes after both, as one convolution wherever
// both are constants: in evaluation mode, and no gradient asked of either. The folded weights are a second
// copy (what is saved and loaded keeps its published names), made at first use and again whenever one of its
// five sources was written to or replaced; on the CPU they are packed (packed_conv.h). Same numbers up to
// rounding; saves passes over the map, forward and backward. Not thread-safe.
class FoldedConv {
 public:
  torch::Tensor operator()(Conv2d& conv, BatchNorm& norm, const torch::Tensor& input, const AfterConv& after);

 private:
  using Stamp = std::vector<std::pair<const void*, int64_t>>;
  struct Constants {
    torch::Tensor weight, bias;
  };

  static Constants Fold(const Conv2d& conv, const BatchNorm& norm);
  const c10::intrusive_ptr<PackedConv>& Packed(const Conv2d& conv, const BatchNorm& norm,
                                               torch::ScalarType type);

  Stamp stamp_;  // what the others were made of
  std::optional<Constants> plain_;
  std::map<torch::ScalarType, c10::intrusive_ptr<PackedConv>> packed_;
};

}  // namespace helio::nn
