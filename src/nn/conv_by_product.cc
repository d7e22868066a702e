#include "src/nn/conv_by_product.h"

#include "src/nn/product.h"

namespace helio::nn {
namespace {

// As measured with AVX-512 (docs/benchmarks/step.md).
constexpr int64_t kManyWeights = 1 << 20, kFewPositions = 512;

// {O, height * width * C}.
torch::Tensor AsMatrix(const torch::Tensor& weight) {
  return weight.permute({0, 2, 3, 1}).reshape({weight.size(0), -1});
}

}  // namespace

bool IsByProduct(int64_t weights, int64_t positions) {
  return ChosenProductLibrary() == ProductLibrary::kOneDnn && weights >= kManyWeights &&
         positions <= kFewPositions;
}

std::vector<int64_t> OutputSizes(at::IntArrayRef input_sizes, const Window& window) {
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < 2; ++i)
    sizes.push_back((input_sizes[i] + 2 * window.padding[i] - window.kernel[i]) / window.stride[i] + 1);
  return sizes;
}

torch::Tensor ConvolvedByProduct(const torch::Tensor& input, const torch::Tensor& weight,
                                 const Window& window) {
  const torch::NoGradGuard no_grad;
  const auto seen = input.contiguous(torch::MemoryFormat::ChannelsLast);
  const auto sizes = OutputSizes(seen.sizes().slice(2), window);
  const WindowRows rows(seen.sizes(), {seen.size(0), weight.size(0), sizes[0], sizes[1]}, window);
  const auto windows = torch::empty({rows.lines() * rows.out_width(), rows.width()}, seen.options());
  rows.Gather(seen, 0, window.kernel[0], 0, rows.lines(), windows);
  return Product(windows, AsMatrix(weight).t())
      .view({seen.size(0), sizes[0], sizes[1], weight.size(0)})
      .permute({0, 3, 1, 2});
}

torch::Tensor InputGradientByProduct(const torch::Tensor& output_gradient, const torch::Tensor& weight,
                                     const Window& window, at::IntArrayRef input_sizes) {
  const torch::NoGradGuard no_grad;
  const WindowRows rows(input_sizes, output_gradient.sizes(), window);
  const auto positions = output_gradient.permute({0, 2, 3, 1}).reshape({-1, output_gradient.size(1)});
  return rows.Scatter(Product(positions, AsMatrix(weight)));
}

}  // namespace helio::nn
