#pragma once
#include "src/base/enum_names.h"
#include "src/base/tensor.h"

namespace helio::nn {

// Whether oneDNN may use vectors of 512 bits in this process: the processor has AVX-512, and
// ONEDNN_MAX_CPU_ISA does not keep oneDNN from it.
bool HasWideVectors();

// Which library multiplies matrices in this process. At the start oneDNN where it has wide vectors:
// LibTorch's BLAS is MKL, which keeps to 256 bits on processors that are not Intel's and takes twice as long
// there (docs/benchmarks/step.md). Choosing is for tests and benchmarks, between steps.
enum class ProductLibrary { kBlas, kOneDnn };
inline constexpr Named<ProductLibrary> kProductLibraries[] = {{ProductLibrary::kBlas, "blas"},
                                                              {ProductLibrary::kOneDnn, "onednn"}};
ProductLibrary ChosenProductLibrary();
void ChooseProductLibrary(ProductLibrary library);

// a b of a {M, K} and b {K, N}, each row by row or column by column in memory; any device and dtype of
// torch::mm. Differentiable by BLAS alone: with gradients switched on it is torch::mm. The same threads give
// the same bits.
torch::Tensor Product(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace helio::nn
