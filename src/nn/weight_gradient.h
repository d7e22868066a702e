#pragma once
#include "src/base/enum_names.h"
#include "src/base/tensor.h"
#include "src/nn/window_rows.h"

namespace helio::nn {

// The gradient {O, C, height, width} of sum(conv2d(input, weight) * output_gradient) by the weight,
// channels-last in memory. `input` {N, C, H, W}, `output_gradient` {N, O, H', W'}; CPU, any dtype of BLAS.
// Matrix products over all positions, output_gradient^T times the inputs that the taps saw: one for each line
// of the window, or of whole windows where oneDNN multiplies (src/nn/product.h). On processors without
// AVX-512 oneDNN's channels-last kernel takes up to five times as long (docs/benchmarks/step.md). The same
// threads give the same bits.
torch::Tensor WeightGradientByTaps(const torch::Tensor& output_gradient, const torch::Tensor& input,
                                   const Window& window);

// How this process computes the weight gradients of its layers (src/nn/convolution.h). At the start taps on
// processors without AVX-512, or where ONEDNN_MAX_CPU_ISA keeps oneDNN from it, else by shape: the same kind
// of processor gives the same bits again. Choosing is for tests and benchmarks, between steps.
enum class WeightGradient { kTaps, kLibrary, kByShape };
inline constexpr Named<WeightGradient> kWeightGradients[] = {{WeightGradient::kTaps, "taps"},
                                                             {WeightGradient::kLibrary, "library"},
                                                             {WeightGradient::kByShape, "by_shape"}};
WeightGradient ChosenWeightGradient();
void ChooseWeightGradient(WeightGradient kind);

// Whether a convolution of so many weights that sees so many positions of its input in a batch does it by
// taps. By shape, those with millions of weights and few positions do (the last layers of AttnGAN's largest
// discriminator): the result is most of the work there, and the library writes it, and rearranges it, more
// slowly. Transposed convolutions do not: the library has another kernel for them.
bool IsByTaps(int64_t weights, int64_t positions);

}  // namespace helio::nn
