#include "src/nn/linear.h"

#include <ATen/autocast_mode.h>

#include "src/nn/product.h"

namespace helio::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// y = x W^T + b of x {N, in}, W {out, in}, b {out}.
struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const std::optional<torch::Tensor>& bias) {
    context->save_for_backward({input, weight});
    context->saved_data["biased"] = bias.has_value();
    auto output = Product(input, weight.t());
    return bias ? output.add_(*bias) : output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& output_gradients) {
    const auto saved = context->get_saved_variables();
    const auto& gradient = output_gradients[0];
    variable_list gradients(3);
    if (context->needs_input_grad(0)) gradients[0] = Product(gradient, saved[1]);
    if (context->needs_input_grad(1)) gradients[1] = Product(gradient.t(), saved[0]);
    if (context->saved_data["biased"].toBool() && context->needs_input_grad(2))
      gradients[2] = gradient.sum(0);
    return gradients;
  }
};

}  // namespace

torch::Tensor LinearImpl::forward(const torch::Tensor& input) {
  const bool plain = ChosenProductLibrary() == ProductLibrary::kOneDnn && input.dim() >= 2 &&
                     input.is_cpu() && weight.scalar_type() == torch::kFloat32 &&
                     input.scalar_type() == torch::kFloat32 &&
                     !at::autocast::is_autocast_enabled(torch::kCPU);
  if (!plain) return torch::nn::LinearImpl::forward(input);
  auto sizes = input.sizes().vec();
  sizes.back() = weight.size(0);
  return LinearFunction::apply(input.reshape({-1, weight.size(1)}), weight,
                               bias.defined() ? std::optional(bias) : std::nullopt)
      .view(sizes);
}

}  // namespace helio::nn
