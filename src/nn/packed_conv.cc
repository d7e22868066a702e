#include "src/nn/packed_conv.h"

#include "src/nn/compiler_operators.h"

namespace helio::nn {
namespace {

using at::IntArrayRef;
using std::string_view;
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr PackedConv::Pair kOnes = {1, 1};

Tensor Convolve(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef padding,
                IntArrayRef stride, bool rectified) {
  static const auto call =
      CompilerOperator<Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, IntArrayRef,
                              IntArrayRef, IntArrayRef, int64_t, string_view, OperatorScalars,
                              std::optional<string_view>)>("mkldnn::_convolution_pointwise", "");
  return call.call(input, weight, bias, padding, stride, kOnes, 1, rectified ? "relu" : "none",
                   OperatorScalars(), "");
}

Tensor ConvolveAndAdd(const Tensor& input, const Tensor& added, const Tensor& weight, const Tensor& bias,
                      IntArrayRef padding, IntArrayRef stride, bool rectified) {
  static const auto call = CompilerOperator<Tensor(
      const Tensor&, const Tensor&, const Tensor&, const std::optional<Tensor>&, IntArrayRef, IntArrayRef,
      IntArrayRef, int64_t, string_view, std::optional<at::Scalar>, std::optional<string_view>,
      OperatorScalars, std::optional<string_view>)>("mkldnn::_convolution_pointwise", "binary");
  const auto unary = rectified ? std::optional<string_view>("relu") : std::nullopt;
  return call.call(input, added, weight, bias, padding, stride, kOnes, 1, "add", 1.0, unary,
                   OperatorScalars(), "");
}

Tensor Transposed(const Tensor& input, const Tensor& weight, IntArrayRef padding, IntArrayRef output_padding,
                  IntArrayRef stride) {
  static const auto call =
      CompilerOperator<Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, IntArrayRef,
                              IntArrayRef, IntArrayRef, IntArrayRef, int64_t, string_view, OperatorScalars,
                              std::optional<string_view>)>("mkldnn::_convolution_transpose_pointwise", "");
  return call.call(input, weight, std::nullopt, padding, output_padding, stride, kOnes, 1, "none",
                   OperatorScalars(), "");
}

Tensor Reordered(const Tensor& weight, IntArrayRef padding, IntArrayRef stride, IntArrayRef input_sizes) {
  static const auto call =
      CompilerOperator<Tensor(const Tensor&, IntArrayRef, IntArrayRef, IntArrayRef, int64_t,
                              at::OptionalIntArrayRef)>("mkldnn::_reorder_convolution_weight", "");
  return call.call(weight, padding, stride, kOnes, 1, input_sizes);
}

Tensor ReorderedForTransposed(const Tensor& weight, IntArrayRef padding, IntArrayRef output_padding,
                              IntArrayRef stride, IntArrayRef input_sizes) {
  static const auto call =
      CompilerOperator<Tensor(const Tensor&, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef, int64_t,
                              at::OptionalIntArrayRef)>("mkldnn::_reorder_convolution_transpose_weight", "");
  return call.call(weight, padding, output_padding, stride, kOnes, 1, input_sizes);
}

}  // namespace

struct PackedConv::Node : torch::autograd::Function<Node> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const std::optional<Tensor>& added,
                        bool rectified, const c10::intrusive_ptr<PackedConv>& conv) {
    auto output = conv->Forward(input, {added.value_or(Tensor()), rectified});
    if (rectified) context->save_for_backward({output});
    context->saved_data["input_sizes"] = input.sizes().vec();
    context->saved_data["adds"] = added.has_value();
    context->saved_data["conv"] = at::IValue::make_capsule(conv);
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& output_gradients) {
    const auto saved = context->get_saved_variables();
    const auto gradient =
        saved.empty() ? output_gradients[0] : at::threshold_backward(output_gradients[0], saved[0], 0);
    const auto conv = c10::static_intrusive_pointer_cast<PackedConv>(context->saved_data["conv"].toCapsule());
    const auto of_input =
        context->needs_input_grad(0)
            ? conv->InputGradient(gradient, context->saved_data["input_sizes"].toIntVector())
            : Tensor();
    const bool of_added = context->saved_data["adds"].toBool() && context->needs_input_grad(1);
    return {of_input, of_added ? gradient : Tensor(), Tensor(), Tensor()};
  }
};

bool PackedConv::Computes(torch::ScalarType type) {
  static const bool bfloat16 = CompilerOperator<bool()>("mkldnn::_is_mkldnn_bf16_supported", "").call();
  return type == torch::kFloat32 || (type == torch::kBFloat16 && bfloat16);
}

PackedConv::PackedConv(Tensor weight, Tensor bias, Pair stride, Pair padding)
    : weight_(std::move(weight)), bias_(std::move(bias)), stride_(stride), padding_(padding) {}

Tensor PackedConv::Apply(const c10::intrusive_ptr<PackedConv>& self, const Tensor& input,
                         const AfterConv& after) {
  const auto added = after.added.defined() ? std::optional(after.added) : std::nullopt;
  return Node::apply(input, added, after.rectified, self);
}

Tensor PackedConv::Forward(const Tensor& input, const AfterConv& after) {
  if (!weight_.is_mkldnn()) weight_ = Reordered(weight_, padding_, stride_, input.sizes());
  if (!after.added.defined()) return Convolve(input, weight_, bias_, padding_, stride_, after.rectified);
  return ConvolveAndAdd(input, after.added, weight_, bias_, padding_, stride_, after.rectified);
}

// The gradient of a convolution's input is the transposed convolution of its output's gradient.
Tensor PackedConv::InputGradient(const Tensor& output_gradient, IntArrayRef input_sizes) {
  Pair left_over{};  // rows and columns of the input beyond the last window
  for (size_t i = 0; i < 2; ++i)
    left_over[i] = input_sizes[2 + i] + 2 * padding_[i] - weight_.size(2 + i) -
                   (output_gradient.size(2 + i) - 1) * stride_[i];
  if (torch::GradMode::is_enabled())  // to be differentiated again
    return at::conv_transpose2d(output_gradient, weight_.to_dense(), {}, stride_, padding_, left_over);
  if (!gradient_weight_.defined())
    gradient_weight_ =
        ReorderedForTransposed(weight_.to_dense(), padding_, left_over, stride_, output_gradient.sizes());
  return Transposed(output_gradient.contiguous(at::MemoryFormat::ChannelsLast), gradient_weight_, padding_,
                    left_over, stride_);
}

}  // namespace helio::nn
