#pragma once
#include "src/nn/module.h"

namespace helio::nn {

// Instance normalisation (Ulyanov et al., arXiv:1607.08022): each channel of each picture gets mean 0 and
// variance 1. No parameters, no running statistics, the same in training and evaluation. {B, C, h, w}, h w
// > 1.
class InstanceNormImpl : public torch::nn::Module {
 public:
  torch::Tensor forward(const torch::Tensor& input);
};
TORCH_MODULE(InstanceNorm);

}  // namespace helio::nn
