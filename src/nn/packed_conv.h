#pragma once
#include <optional>

#include "src/nn/module.h"

namespace helio::nn {

// What comes after a convolution, in the same pass over its result.
struct AfterConv {
  torch::Tensor added{};   // of the result's shape; undefined: nothing is added
  bool rectified = false;  // ReLU, of the sum
};

// A plain convolution whose weights and bias are constants: they are brought into the layout that oneDNN's
// kernels read once, where torch's convolution does so at each call, forward and backward (as much memory as
// the work of a small batch), and ReLU and sum are done by the kernel. Same numbers as torch's up to
// rounding, bit by bit from call to call. Differentiable with respect to input and added, again and again.
// Not thread-safe.
class PackedConv : public torch::CustomClassHolder {
 public:
  using Pair = std::array<int64_t, 2>;

  // Whether this processor has kernels for that type: float32 always, bfloat16 with AVX-512 and its like.
  static bool Computes(torch::ScalarType type);

  // weight (out, in, h, w) and bias (out) of one type that this processor Computes, on the CPU.
  PackedConv(torch::Tensor weight, torch::Tensor bias, Pair stride, Pair padding);

  // input (batch, in, h, w) of the weights' type, in channels-last memory. `self` is kept by the result's
  // history.
  static torch::Tensor Apply(const c10::intrusive_ptr<PackedConv>& self, const torch::Tensor& input,
                             const AfterConv& after);

 private:
  struct Node;

  torch::Tensor Forward(const torch::Tensor& input, const AfterConv& after);
  torch::Tensor InputGradient(const torch::Tensor& output_gradient, at::IntArrayRef input_sizes);

  torch::Tensor weight_;           // in oneDNN's layout from the first call on
  torch::Tensor gradient_weight_;  // in the layout of the input's gradient; made at its first use
  torch::Tensor bias_;
  Pair stride_, padding_;
};

}  // namespace helio::nn
