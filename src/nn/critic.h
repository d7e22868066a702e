#pragma once
#include <utility>
#include <vector>

#include "src/nn/batch_norm.h"
#include "src/nn/convolution.h"

namespace helio::nn {

// A discriminator as the losses see it: a trunk, a head that sees the condition, and often one that does not.
// (The class Discriminator is one of them: AttnGAN's and MirrorGAN's.)
class Critic {
 public:
  // A batch of features and the conditions that belong to them.
  using Pair = std::pair<torch::Tensor, torch::Tensor>;

  virtual ~Critic() = default;
  // Features of several batches of images {b, 3, s, s} in [-1, 1], each as if it came alone and in this
  // order: batch norm sees the batches apart, convolutions see them together, so that their weights (most of
  // the memory traffic of a step with few rows) are read once and their gradients written once.
  virtual std::vector<torch::Tensor> Features(const std::vector<torch::Tensor>& images) = 0;
  // Logits {B} of each pair, in this order.
  virtual std::vector<torch::Tensor> Conditional(const std::vector<Pair>& batches) = 0;
  // Logits {B}. Only where has_unconditional().
  virtual torch::Tensor Unconditional(const torch::Tensor& features) = 0;
  virtual bool has_unconditional() const = 0;
};

// `block` on batches that are concatenated in `input`, `rows` of each: as if each came alone.
torch::Tensor ForwardParts(torch::nn::Sequential& block, torch::Tensor input, at::IntArrayRef rows);
std::vector<int64_t> RowsOf(const std::vector<torch::Tensor>& batches);
// The blocks of a trunk, one after the other, on several batches of images: each as if it came alone.
std::vector<torch::Tensor> ForwardApart(std::vector<torch::nn::Sequential>& trunk,
                                        const std::vector<torch::Tensor>& images);

// The last convolution of a head: {B, 8 df, 4, 4} -> {B, 1, 1, 1}, a logit a row.
Conv2d ToLogit(int64_t df);

// The condition {B, C} repeated at every position of the map `like` {B, ?, h, w}: {B, C, h, w}. A view.
torch::Tensor Tiled(const torch::Tensor& condition, const torch::Tensor& like);

}  // namespace helio::nn
