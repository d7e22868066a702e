#pragma once
#include <gtest/gtest.h>

#include "src/nn/module.h"
#include "src/nn/product.h"

namespace helio::nn {

// While it lives, `library` multiplies.
class WithProductLibrary {
 public:
  explicit WithProductLibrary(ProductLibrary library) : before_(ChosenProductLibrary()) {
    ChooseProductLibrary(library);
  }
  ~WithProductLibrary() { ChooseProductLibrary(before_); }
  WithProductLibrary(const WithProductLibrary&) = delete;
  WithProductLibrary& operator=(const WithProductLibrary&) = delete;

 private:
  const ProductLibrary before_;
};

inline void ExpectNear(const torch::Tensor& got, const torch::Tensor& expected, double relative) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_LE((got - expected).abs().max().item<double>(), relative * expected.abs().max().item<double>());
}

// The result of a layer, and the gradients of the sum of its squares by input, weights and bias.
template <class Layer>
std::vector<torch::Tensor> Learned(Layer& layer, torch::Tensor input) {
  input = input.detach().requires_grad_();
  layer->zero_grad();
  const auto output = layer->forward(input);
  (output * output).sum().backward();
  return {output.detach(), input.grad(), layer->weight.grad().clone(), layer->bias.grad().clone()};
}

// The gradient of a gradient's size, as a gradient penalty has it.
template <class Layer>
torch::Tensor PenaltysGradient(Layer& layer, const torch::Tensor& input) {
  const auto output = layer->forward(input);
  const auto first = torch::autograd::grad({(output * output).sum()}, {layer->weight}, {}, true, true)[0];
  return torch::autograd::grad({(first * first).sum()}, {layer->weight})[0];
}

}  // namespace helio::nn
