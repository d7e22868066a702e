#pragma once
#include <array>
#include <variant>

#include "src/nn/module.h"

namespace helio::nn {

// torch's layers, with their parameters, options and results. What IsByProduct names is computed by matrix
// products (src/nn/conv_by_product.h), else the gradient of the weights as ChosenWeightGradient says
// (src/nn/weight_gradient.h). Differentiable twice.
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

// The padding of a layer without groups, dilation and borders of another kind than zeros; null of any other.
template <class Layer>
const std::array<int64_t, 2>* PlainPadding(const Layer& layer) {
  const auto& options = layer.options;
  const auto* padding = std::get_if<torch::ExpandingArray<2>>(&options.padding());
  const bool plain = padding && options.groups() == 1 &&
                     *options.dilation() == std::array<int64_t, 2>{1, 1} &&
                     std::holds_alternative<torch::enumtype::kZeros>(options.padding_mode());
  return plain ? &**padding : nullptr;
}

// Convolution weights below `root` to channels-last memory: same numbers, faster CPU and tensor-core
// convolutions.
void UseChannelsLast(torch::nn::Module& root);

}  // namespace helio::nn
