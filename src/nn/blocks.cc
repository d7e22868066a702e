#include "src/nn/blocks.h"

#include <bit>

#include "src/nn/resize.h"

namespace helio::nn {
namespace {

Conv2d Conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding, bool bias) {
  return Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(bias));
}

// torch's, but that torch's gradient is in channels-first memory always: what comes behind it in the backward
// pass would rearrange it, or, as batch norm's kernel does, walk over it one element at a time.
struct GatedUnits : torch::autograd::Function<GatedUnits> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input) {
    context->save_for_backward({input});
    return at::glu(input, 1);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& output_gradients) {
    const auto input = context->get_saved_variables()[0];
    if (torch::GradMode::is_enabled())  // to be differentiated again
      return {at::glu_backward(output_gradients[0], input, 1)};
    auto gradient = at::empty_like(input);
    at::glu_backward_out(gradient, output_gradients[0], input, 1);
    return {gradient};
  }
};

}  // namespace

torch::Tensor GluImpl::forward(const torch::Tensor& input) { return GatedUnits::apply(input); }

torch::Tensor DoubleSizeImpl::forward(const torch::Tensor& input) {
  const std::array<int64_t, 2> sides{2 * input.size(2), 2 * input.size(3)};
  if (how_ == Upsampling::kBilinear) return ResizeBilinear(input, sides[0], sides[1]);
  return torch::upsample_nearest2d(input, sides);
}

int64_t Doublings(int64_t side) { return std::countr_zero(static_cast<uint64_t>(side)) - 2; }

torch::nn::LeakyReLU Leaky() {
  return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2));
}

torch::nn::ReLU ReluInPlace() { return torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true)); }

Conv2d Conv1x1(int64_t in, int64_t out, bool bias) { return Conv(in, out, 1, 1, 0, bias); }
Conv2d Conv3x3(int64_t in, int64_t out) { return Conv(in, out, 3, 1, 1, false); }
Conv2d Conv4x4Down(int64_t in, int64_t out) { return Conv(in, out, 4, 2, 1, false); }

torch::nn::Sequential UpBlock(int64_t in, int64_t out, Upsampling how) {
  return torch::nn::Sequential(DoubleSize(how), Conv3x3(in, 2 * out), BatchNorm(2 * out), Glu());
}

torch::nn::Sequential DownBlock(int64_t in, int64_t out) {
  return torch::nn::Sequential(Conv4x4Down(in, out), BatchNorm(out), Leaky());
}

torch::nn::Sequential Block3x3Leaky(int64_t in, int64_t out) {
  return torch::nn::Sequential(Conv3x3(in, out), BatchNorm(out), Leaky());
}

ResBlockImpl::ResBlockImpl(int64_t channels) {
  block_ = register_module(
      "block", torch::nn::Sequential(Conv3x3(channels, 2 * channels), BatchNorm(2 * channels), Glu(),
                                     Conv3x3(channels, channels), BatchNorm(channels)));
}

}  // namespace helio::nn
