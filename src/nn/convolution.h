#pragma once
#include "src/nn/module.h"

namespace helio::nn {

// torch's layers, with their parameters, options and results; the gradient of the weights is computed as
// ChosenWeightGradient says. Differentiable twice.
class Conv2dImpl : public torch::nn::Conv2dImpl {
 public:
  using torch::nn::Conv2dImpl::Conv2dImpl;
  torch::Tensor forward(const torch::Tensor& input);
};
TORCH_MODULE(Conv2d);

class ConvTranspose2dImpl : public torch::nn::ConvTranspose2dImpl {
 public:
  using torch::nn::ConvTranspose2dImpl::ConvTranspose2dImpl;
  torch::Tensor forward(const torch::Tensor& input);
};
TORCH_MODULE(ConvTranspose2d);

// Convolution weights below `root` to channels-last memory: same numbers, faster CPU and tensor-core
// convolutions.
void UseChannelsLast(torch::nn::Module& root);

}  // namespace helio::nn
