#pragma once
#include "src/nn/module.h"

namespace helio::nn {

// torch's layer, with its parameters, options and results; its products, forward and backward, are computed
// as ChosenProductLibrary says (src/nn/product.h). Differentiable twice.
class LinearImpl : public torch::nn::LinearImpl {
 public:
  using torch::nn::LinearImpl::LinearImpl;
  torch::Tensor forward(const torch::Tensor& input);
};
TORCH_MODULE(Linear);

}  // namespace helio::nn
