#pragma once
#include <string>

#include "src/nn/blocks.h"
#include "src/nn/linear.h"

// What the networks that were published for Torch7 are made of: layers with biases, batch norm behind them.
namespace helio::nn {

Conv2d BiasedConv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t padding = 0);
// SpatialFullConvolution.
ConvTranspose2d BiasedUp(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t padding = 0);
torch::Tensor LeakyRelu(const torch::Tensor& input, double slope = 0.2);

// A layer's name: "bn3".
template <typename Integer>
std::string Numbered(const char* name, Integer number) {
  return name + std::to_string(number);
}

inline int64_t OutputsOf(const Conv2d& layer) { return layer->options.out_channels(); }
inline int64_t OutputsOf(const ConvTranspose2d& layer) { return layer->options.out_channels(); }
inline int64_t OutputsOf(const Linear& layer) { return layer->options.out_features(); }

// A layer and the batch norm behind it.
template <typename Layer>
struct NormedLayer {
  Layer layer{nullptr};
  BatchNorm norm{nullptr};
  torch::Tensor operator()(const torch::Tensor& input) { return norm(layer(input)); }
  // As BatchNorm's.
  torch::Tensor ForwardTimes(const torch::Tensor& input, int64_t times) {
    return norm->ForwardTimes(layer(input), times);
  }
};

// A bias in front of a norm, as published, changes nothing: the norm takes it away. Its gradient is rounding,
// of which Adam would make steps of the rate's size, other ones on another number of ranks. So it stays as it
// is.
template <typename Layer>
Layer WithoutBiasGradient(Layer layer) {
  layer->bias.set_requires_grad(false);
  return layer;
}

// Both under their names in `net`.
template <typename Layer>
NormedLayer<Layer> RegisterNormed(torch::nn::Module& net, const std::string& layer, const std::string& norm,
                                  Layer built) {
  const int64_t outputs = OutputsOf(built);
  return {net.register_module(layer, WithoutBiasGradient(std::move(built))),
          net.register_module(norm, BatchNorm(outputs))};
}

}  // namespace helio::nn
