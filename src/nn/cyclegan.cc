#include "src/nn/cyclegan.h"

#include "src/nn/instance_norm.h"
#include "src/nn/torch7.h"

namespace helio::nn {
namespace {

// The gradient of reflection padding along one dimension: each border is added to the pixels it was copied
// from.
torch::Tensor Folded(const torch::Tensor& padded, int64_t dimension, int64_t width) {
  const int64_t size = padded.size(dimension) - 2 * width;
  const auto border = [&](int64_t first) { return padded.narrow(dimension, first, width).flip({dimension}); };
  auto folded = padded.narrow(dimension, width, size).clone();
  folded.narrow(dimension, 1, width).add_(border(0));
  folded.narrow(dimension, size - 1 - width, width).add_(border(size + width));
  return folded;
}

class ReflectionPadFunction : public torch::autograd::Function<ReflectionPadFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input,
                               int64_t width) {
    context->saved_data["width"] = width;
    return torch::reflection_pad2d(input, {width, width, width, width});
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const int64_t width = context->saved_data["width"].toInt();
    return {Folded(Folded(gradients[0], 2, width), 3, width), {}};
  }
};

ConvTranspose2d DoublingConv(int64_t in, int64_t out) {
  return ConvTranspose2d(
      torch::nn::ConvTranspose2dOptions(in, out, 3).stride(2).padding(1).output_padding(1));
}

template <typename Convolution>
void AddNormed(torch::nn::Sequential& layers, const Convolution& convolution) {
  layers->push_back(WithoutBiasGradient(convolution));
  layers->push_back(InstanceNorm());
  layers->push_back(ReluInPlace());
}

}  // namespace

torch::Tensor ReflectionPadded(const torch::Tensor& input, int64_t width) {
  return ReflectionPadFunction::apply(input, width);
}

torch::Tensor ReflectionPadImpl::forward(const torch::Tensor& input) {
  if (input.is_cuda()) return ReflectionPadded(input, width_);
  return torch::reflection_pad2d(input, {width_, width_, width_, width_});
}

ResnetBlockImpl::ResnetBlockImpl(int64_t channels) {
  conv_block = register_module(
      "conv_block",
      torch::nn::Sequential(ReflectionPad(1), WithoutBiasGradient(BiasedConv(channels, channels, 3, 1, 0)),
                            InstanceNorm(), ReluInPlace(), ReflectionPad(1),
                            WithoutBiasGradient(BiasedConv(channels, channels, 3, 1, 0)), InstanceNorm()));
}

TranslatorImpl::TranslatorImpl(const TranslatorOptions& options) {
  const int64_t gf = options.gf;
  torch::nn::Sequential layers(ReflectionPad(3));
  AddNormed(layers, BiasedConv(3, gf, 7, 1, 0));
  for (const int64_t channels : {gf, 2 * gf}) AddNormed(layers, BiasedConv(channels, 2 * channels, 3, 2, 1));
  for (int64_t i = 0; i < options.residual_blocks; ++i) layers->push_back(ResnetBlock(4 * gf));
  for (const int64_t channels : {4 * gf, 2 * gf}) AddNormed(layers, DoublingConv(channels, channels / 2));
  layers->push_back(ReflectionPad(3));
  layers->push_back(BiasedConv(gf, 3, 7, 1, 0));
  layers->push_back(torch::nn::Tanh());
  model = register_module("model", layers);
  UseChannelsLast(*this);
}

PatchCriticImpl::PatchCriticImpl(const PatchCriticOptions& options) {
  int64_t channels = options.df;
  torch::nn::Sequential layers(BiasedConv(3, channels, 4, 2, 1), Leaky());
  const auto add = [&](int64_t stride) {
    const int64_t wider = std::min(2 * channels, 8 * options.df);
    layers->push_back(WithoutBiasGradient(BiasedConv(channels, wider, 4, stride, 1)));
    layers->push_back(InstanceNorm());
    layers->push_back(Leaky());
    channels = wider;
  };
  for (int64_t i = 1; i < options.layers; ++i) add(2);
  add(1);
  layers->push_back(BiasedConv(channels, 1, 4, 1, 1));
  model = register_module("model", layers);
  UseChannelsLast(*this);
}

}  // namespace helio::nn
