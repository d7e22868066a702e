#include "src/nn/convolution.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "src/nn/weight_gradient.h"

namespace helio::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kFewChannels = 16;  // below, oneDNN's kernel is the faster one

struct Geometry {
  std::vector<int64_t> stride, padding, output_padding;
  bool transposed = false;

  torch::Tensor Convolve(const torch::Tensor& input, const torch::Tensor& weight,
                         const std::optional<torch::Tensor>& bias) const {
    return at::convolution(input, weight, bias, stride, padding, {1, 1}, transposed, output_padding, 1);
  }
  // Of input, weight and bias, those that `wanted` names; differentiable.
  std::tuple<torch::Tensor, torch::Tensor, torch::Tensor> Gradients(const torch::Tensor& output_gradient,
                                                                    const torch::Tensor& input,
                                                                    const torch::Tensor& weight,
                                                                    std::array<bool, 3> wanted) const {
    const int64_t outputs = output_gradient.size(1);
    return at::convolution_backward(output_gradient, input, weight, at::IntArrayRef(outputs), stride, padding,
                                    {1, 1}, transposed, output_padding, 1, wanted);
  }
  // A transposed convolution is a convolution's backward: input and output change places.
  torch::Tensor WeightGradient(const torch::Tensor& output_gradient, const torch::Tensor& input,
                               const torch::Tensor& weight) const {
    const Window window{weight.sizes().slice(2), stride, padding};
    return transposed ? WeightGradientByTaps(input, output_gradient, window)
                      : WeightGradientByTaps(output_gradient, input, window);
  }
};

struct Convolution : torch::autograd::Function<Convolution> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const std::optional<torch::Tensor>& bias,
                               Geometry geometry) {
    context->save_for_backward({input, weight});
    context->saved_data["stride"] = geometry.stride;
    context->saved_data["padding"] = geometry.padding;
    context->saved_data["output_padding"] = geometry.output_padding;
    context->saved_data["transposed"] = geometry.transposed;
    context->saved_data["biased"] = bias.has_value();
    return geometry.Convolve(input, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& output_gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &output_gradient = output_gradients[0];
    const Geometry geometry{
        context->saved_data["stride"].toIntVector(), context->saved_data["padding"].toIntVector(),
        context->saved_data["output_padding"].toIntVector(), context->saved_data["transposed"].toBool()};
    const bool of_weight = context->needs_input_grad(1);
    const bool by_taps = of_weight && !torch::GradMode::is_enabled();  // enabled: to be differentiated again
    auto [of_input, by_library, of_bias] =
        geometry.Gradients(output_gradient, input, weight,
                           {context->needs_input_grad(0), of_weight && !by_taps,
                            context->saved_data["biased"].toBool() && context->needs_input_grad(2)});
    return {of_input, by_taps ? geometry.WeightGradient(output_gradient, input, weight) : by_library, of_bias,
            torch::Tensor()};
  }
};

bool ByTaps(const torch::Tensor& input, const torch::Tensor& weight, bool transposed) {
  const int64_t positions = input.numel() / std::max<int64_t>(input.size(1), 1);
  return (transposed ? ChosenWeightGradient() == WeightGradient::kTaps
                     : IsByTaps(weight.numel(), positions)) &&
         torch::GradMode::is_enabled() && weight.requires_grad() && weight.device().is_cpu() &&
         weight.scalar_type() == torch::kFloat32 && input.scalar_type() == torch::kFloat32 &&
         weight.size(1) >= kFewChannels && weight.size(2) * weight.size(3) > 1 &&
         !at::autocast::is_autocast_enabled(torch::kCPU);
}

// The layer's, if its weight gradient is to be by taps and its options have nothing that Geometry has no
// place for.
template <class Layer>
std::optional<Geometry> GeometryByTaps(const Layer& layer, const torch::Tensor& input) {
  const auto& options = layer.options;
  const auto* padding = PlainPadding(layer);
  if (!padding || !ByTaps(input, layer.weight, options.transposed())) return std::nullopt;
  const auto list = [](const std::array<int64_t, 2>& values) {
    return std::vector(values.begin(), values.end());
  };
  return Geometry{list(*options.stride()), list(*padding), list(*options.output_padding()),
                  options.transposed()};
}

// The window covers the whole input: it has one position, whatever the stride.
bool HasOnePosition(const Conv2dImpl& layer, const torch::Tensor& input) {
  const auto* padding = PlainPadding(layer);
  return padding && *padding == std::array<int64_t, 2>{0, 0} &&
         input.sizes().slice(2) == layer.weight.sizes().slice(2);
}

std::optional<torch::Tensor> Given(const torch::Tensor& bias) {
  return bias.defined() ? std::optional(bias) : std::nullopt;
}

}  // namespace

torch::Tensor Conv2dImpl::forward(const torch::Tensor& input) {
  const auto geometry = GeometryByTaps(*this, input);
  if (geometry) return Convolution::apply(input, weight, Given(bias), *geometry);
  // oneDNN's kernel for processors with bfloat16 units (LibTorch 2.11) gives something else for windows of 4
  // x 4 with a stride of 4 on 16 channels of 4 x 4: the last layer of narrow discriminators.
  if (at::autocast::is_autocast_enabled(torch::kCPU) && HasOnePosition(*this, input))
    return at::conv2d(input, weight, Given(bias));
  return torch::nn::Conv2dImpl::forward(input);
}

torch::Tensor ConvTranspose2dImpl::forward(const torch::Tensor& input) {
  const auto geometry = GeometryByTaps(*this, input);
  return geometry ? Convolution::apply(input, weight, Given(bias), *geometry)
                  : torch::nn::ConvTranspose2dImpl::forward(input);
}

void UseChannelsLast(torch::nn::Module& root) {
  torch::NoGradGuard no_grad;
  for (auto& parameter : root.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
}

}  // namespace helio::nn
