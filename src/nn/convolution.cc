#include "src/nn/convolution.h"

#include <ATen/autocast_mode.h>

#include <array>
#include <optional>
#include <vector>

#include "src/nn/conv_by_product.h"
#include "src/nn/weight_gradient.h"

namespace helio::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kFewChannels = 16;  // below, oneDNN's kernel is the faster one

// By products means forward and backward, and the weights' gradient too.
enum class Way { kTorch, kWeightGradientByTaps, kByProducts };

struct Geometry {
  std::vector<int64_t> kernel, stride, padding, output_padding;
  bool transposed = false;

  Window AsWindow() const { return {kernel, stride, padding}; }

  // Along height and width.
  std::vector<int64_t> TransposedSizes(at::IntArrayRef input_sizes) const {
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < 2; ++i)
      sizes.push_back((input_sizes[i] - 1) * stride[i] - 2 * padding[i] + kernel[i] + output_padding[i]);
    return sizes;
  }

  torch::Tensor Convolve(const torch::Tensor& input, const torch::Tensor& weight,
                         const std::optional<torch::Tensor>& bias) const {
    return at::convolution(input, weight, bias, stride, padding, {1, 1}, transposed, output_padding, 1);
  }
  // A transposed convolution is a convolution's backward: input and output change places.
  torch::Tensor ConvolveByProduct(const torch::Tensor& input, const torch::Tensor& weight,
                                  const std::optional<torch::Tensor>& bias) const {
    torch::Tensor output;
    if (transposed) {
      const auto sizes = TransposedSizes(input.sizes().slice(2));
      output = InputGradientByProduct(input, weight, AsWindow(),
                                      {input.size(0), weight.size(1), sizes[0], sizes[1]});
    } else {
      output = ConvolvedByProduct(input, weight, AsWindow());
    }
    return bias ? output.add_(bias->view({1, -1, 1, 1})) : output;
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
  torch::Tensor InputGradient(const torch::Tensor& output_gradient, const torch::Tensor& input,
                              const torch::Tensor& weight) const {
    return transposed ? ConvolvedByProduct(output_gradient, weight, AsWindow())
                      : InputGradientByProduct(output_gradient, weight, AsWindow(), input.sizes());
  }
  torch::Tensor WeightGradient(const torch::Tensor& output_gradient, const torch::Tensor& input) const {
    return transposed ? WeightGradientByTaps(input, output_gradient, AsWindow())
                      : WeightGradientByTaps(output_gradient, input, AsWindow());
  }
};

struct Convolution : torch::autograd::Function<Convolution> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const std::optional<torch::Tensor>& bias,
                               Geometry geometry, Way way) {
    context->save_for_backward({input, weight});
    context->saved_data["stride"] = geometry.stride;
    context->saved_data["padding"] = geometry.padding;
    context->saved_data["output_padding"] = geometry.output_padding;
    context->saved_data["transposed"] = geometry.transposed;
    context->saved_data["biased"] = bias.has_value();
    context->saved_data["by_products"] = way == Way::kByProducts;
    return way == Way::kByProducts ? geometry.ConvolveByProduct(input, weight, bias)
                                   : geometry.Convolve(input, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& output_gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &output_gradient = output_gradients[0];
    const Geometry geometry{weight.sizes().slice(2).vec(), context->saved_data["stride"].toIntVector(),
                            context->saved_data["padding"].toIntVector(),
                            context->saved_data["output_padding"].toIntVector(),
                            context->saved_data["transposed"].toBool()};
    const bool ours = !torch::GradMode::is_enabled();  // enabled: to be differentiated again
    const bool of_input = context->needs_input_grad(0), of_weight = context->needs_input_grad(1);
    const bool by_product = ours && of_input && context->saved_data["by_products"].toBool();
    auto [input_gradient, weight_gradient, bias_gradient] =
        geometry.Gradients(output_gradient, input, weight,
                           {of_input && !by_product, of_weight && !ours,
                            context->saved_data["biased"].toBool() && context->needs_input_grad(2)});
    if (by_product) input_gradient = geometry.InputGradient(output_gradient, input, weight);
    if (ours && of_weight) weight_gradient = geometry.WeightGradient(output_gradient, input);
    return {input_gradient, weight_gradient, bias_gradient, torch::Tensor(), torch::Tensor()};
  }
};

bool ArePlain(const torch::Tensor& input, const torch::Tensor& weight) {
  return weight.device().is_cpu() && weight.scalar_type() == torch::kFloat32 &&
         input.scalar_type() == torch::kFloat32 && input.dim() == 4 && input.numel() > 0 &&
         weight.size(1) >= kFewChannels && weight.size(2) * weight.size(3) > 1 &&
         !at::autocast::is_autocast_enabled(torch::kCPU);
}

int64_t Positions(int64_t pictures, at::IntArrayRef sizes) { return pictures * sizes[0] * sizes[1]; }

Way WayOf(const torch::Tensor& input, const torch::Tensor& weight, const Geometry& geometry) {
  if (!ArePlain(input, weight)) return Way::kTorch;
  const auto sizes = input.sizes().slice(2);
  const auto seen_from = geometry.transposed ? sizes.vec() : OutputSizes(sizes, geometry.AsWindow());
  if (IsByProduct(weight.numel(), Positions(input.size(0), seen_from))) return Way::kByProducts;
  const bool by_taps = geometry.transposed ? ChosenWeightGradient() == WeightGradient::kTaps
                                           : IsByTaps(weight.numel(), Positions(input.size(0), sizes));
  return by_taps && torch::GradMode::is_enabled() && weight.requires_grad() ? Way::kWeightGradientByTaps
                                                                            : Way::kTorch;
}

// The layer's, if its options have nothing that Geometry has no place for.
template <class Layer>
std::optional<Geometry> GeometryOf(const Layer& layer) {
  const auto& options = layer.options;
  const auto* padding = PlainPadding(layer);
  if (!padding) return std::nullopt;
  const auto list = [](const std::array<int64_t, 2>& values) {
    return std::vector(values.begin(), values.end());
  };
  return Geometry{list(*options.kernel_size()), list(*options.stride()), list(*padding),
                  list(*options.output_padding()), options.transposed()};
}

std::optional<torch::Tensor> Given(const torch::Tensor& bias) {
  return bias.defined() ? std::optional(bias) : std::nullopt;
}

// None where torch's layer is to compute it.
template <class Layer>
std::optional<torch::Tensor> Ours(const Layer& layer, const torch::Tensor& input) {
  const auto geometry = GeometryOf(layer);
  const auto way = geometry ? WayOf(input, layer.weight, *geometry) : Way::kTorch;
  if (way == Way::kTorch) return std::nullopt;
  return Convolution::apply(input, layer.weight, Given(layer.bias), *geometry, way);
}

// The window covers the whole input: it has one position, whatever the stride.
bool HasOnePosition(const Conv2dImpl& layer, const torch::Tensor& input) {
  const auto* padding = PlainPadding(layer);
  return padding && *padding == std::array<int64_t, 2>{0, 0} &&
         input.sizes().slice(2) == layer.weight.sizes().slice(2);
}

}  // namespace

torch::Tensor Conv2dImpl::forward(const torch::Tensor& input) {
  if (const auto output = Ours(*this, input)) return *output;
  // oneDNN's kernel for processors with bfloat16 units (LibTorch 2.11) gives something else for windows of 4
  // x 4 with a stride of 4 on 16 channels of 4 x 4: the last layer of narrow discriminators.
  if (at::autocast::is_autocast_enabled(torch::kCPU) && HasOnePosition(*this, input))
    return at::conv2d(input, weight, Given(bias));
  return torch::nn::Conv2dImpl::forward(input);
}

torch::Tensor ConvTranspose2dImpl::forward(const torch::Tensor& input) {
  const auto output = Ours(*this, input);
  return output ? *output : torch::nn::ConvTranspose2dImpl::forward(input);
}

void UseChannelsLast(torch::nn::Module& root) {
  torch::NoGradGuard no_grad;
  for (auto& parameter : root.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
}

}  // namespace helio::nn
