#include "src/nn/torch7.h"

namespace helio::nn {

Conv2d BiasedConv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding));
}

ConvTranspose2d BiasedUp(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, kernel).stride(stride).padding(padding));
}

torch::Tensor LeakyRelu(const torch::Tensor& input, double slope) { return torch::leaky_relu(input, slope); }

}  // namespace helio::nn
