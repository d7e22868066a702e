#pragma once
#include <utility>
#include <vector>

#include "src/nn/batch_norm.h"
#include "src/nn/convolution.h"

namespace helio::nn {

// A discriminator as the losses see it: a trunk, and a head that knows the condition beside one that may not.
class Critic {
 public:
  // A batch of features and the conditions that belong to them.
  using Pair = std::pair<torch::Tensor, torch::Tensor>;

  virtual ~Critic() = default;
  // Features of several batches of images, each as if it came alone and in this order: batch norm sees them
  // apart, convolutions together, so that their weights (most of the memory traffic of a step with few rows)
  // are read once and their gradients written once.
  virtual std::vector<torch::Tensor> Features(const std::vector<torch::Tensor>& images) = 0;
  // Logits {B} of each pair, in this order.
  virtual std::vector<torch::Tensor> Conditional(const std::vector<Pair>& batches) = 0;
  // Logits {B}. Only where there is the head.
  virtual torch::Tensor Unconditional(const torch::Tensor& features) = 0;
  virtual bool has_unconditional() const = 0;
};

// `block` on batches that lie one below the other in `input`, `rows` of each.
torch::Tensor ForwardParts(torch::nn::Sequential& block, torch::Tensor input, at::IntArrayRef rows);
std::vector<int64_t> RowsOf(const std::vector<torch::Tensor>& batches);
// A whole trunk, in this order, on several batches of images at once.
std::vector<torch::Tensor> ForwardApart(std::vector<torch::nn::Sequential>& trunk,
                                        const std::vector<torch::Tensor>& images);

// {B, 8 df, 4, 4} to a logit a row.
Conv2d ToLogit(int64_t df);

// {B, C} as {B, C, height, width} of `like`.
torch::Tensor Tiled(const torch::Tensor& condition, const torch::Tensor& like);

}  // namespace helio::nn
