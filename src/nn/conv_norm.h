#pragma once
#include "src/nn/convolution.h"
#include "src/nn/folded_conv.h"

namespace helio::nn {

// One entry of a table that describes a network: name, channels and geometry of a convolution with batch norm
// and ReLU.
struct ConvSpec {
  const char* name;
  int64_t in, out;
  std::array<int64_t, 2> kernel;
  int64_t stride = 1;
  std::array<int64_t, 2> padding = {0, 0};
};

// torchvision's BasicConv2d: names conv.weight and bn.*, epsilon 1e-3.
class ConvNormImpl : public torch::nn::Module {
 public:
  explicit ConvNormImpl(const ConvSpec& spec);
  torch::Tensor forward(const torch::Tensor& input) { return folded_(conv, bn, input, {.rectified = true}); }

 private:
  Conv2d conv{nullptr};
  BatchNorm bn{nullptr};
  FoldedConv folded_;
};
TORCH_MODULE(ConvNorm);

}  // namespace helio::nn
