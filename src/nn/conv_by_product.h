#pragma once
#include "src/nn/window_rows.h"

// Convolutions as one matrix product each: rows of whole windows times the weights as they lie in memory.
// Where millions of weights meet few positions most of the work of oneDNN's own kernels is to read the
// weights, which they do at half the speed of a product, and to rearrange them first
// (docs/benchmarks/step.md). CPU, float32, weights {O, C, height, width} channels-last; without groups,
// dilation and gradients of their own.
namespace helio::nn {

// Whether a convolution of so many weights and so many positions of its output in a batch is one. Only where
// oneDNN multiplies (src/nn/product.h).
bool IsByProduct(int64_t weights, int64_t positions);

// conv2d(input {N, C, H, W}, weight), channels-last {N, O, H', W'}.
torch::Tensor ConvolvedByProduct(const torch::Tensor& input, const torch::Tensor& weight,
                                 const Window& window);

// The gradient, channels-last {input_sizes}, of sum(conv2d(input, weight) * output_gradient) by the input: a
// transposed convolution's output, too.
torch::Tensor InputGradientByProduct(const torch::Tensor& output_gradient, const torch::Tensor& weight,
                                     const Window& window, at::IntArrayRef input_sizes);

// Of a convolution, along height and width.
std::vector<int64_t> OutputSizes(at::IntArrayRef input_sizes, const Window& window);

}  // namespace helio::nn
