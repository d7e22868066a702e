#pragma once
#include <vector>

#include "src/nn/blocks.h"
#include "src/nn/convolution.h"
#include "src/nn/critic.h"
#include "src/nn/linear.h"

// GAN-INT-CLS (Reed et al., ICML 2016) as reedscot/icml2016 publishes it. Torch7 gives layers no names: these
// are ours. Sides other than the published 64 get as many doublings and halvings as they need.
namespace helio::nn {

// act(x + BN(3x3(act(BN(3x3(act(BN(1x1 x)))))))), act a leaky ReLU of that slope (0: ReLU).
class BottleneckImpl : public torch::nn::Module {
 public:
  BottleneckImpl(int64_t channels, int64_t narrow, double slope);
  torch::Tensor forward(const torch::Tensor& input) { return ForwardParts(input, {input.size(0)}); }
  // As BatchNorm's.
  torch::Tensor ForwardParts(const torch::Tensor& input, at::IntArrayRef rows);

 private:
  const double slope_;
  std::vector<Conv2d> conv_;
  std::vector<BatchNorm> norm_;
};
TORCH_MODULE(Bottleneck);

struct IntClsGeneratorOptions {
  int64_t embedding = 1024;
  int64_t projection = 128;  // nt
  int64_t z = 100;
  int64_t gf = 128;
  int64_t side = 64;  // a power of two >= 8
};

class IntClsGeneratorImpl : public torch::nn::Module {
 public:
  explicit IntClsGeneratorImpl(const IntClsGeneratorOptions& options);
  // noise {B, z}, sentence {B, embedding}; {B, 3, side, side} in [-1, 1].
  torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& sentence);

 private:
  Linear txt{nullptr};
  std::vector<ConvTranspose2d> up_;  // the last one draws
  std::vector<BatchNorm> norm_;
  std::vector<Bottleneck> residual_;  // behind the first layers
};
TORCH_MODULE(IntClsGenerator);

// Which program's discriminator.
enum class IntClsVariant {
  kCub,   // birds and flowers
  kCoco,  // a leaky ReLU after the last but one halving, and no batch norm on the text
};

struct IntClsCriticOptions {
  int64_t embedding = 1024;
  int64_t projection = 128;
  int64_t df = 64;
  int64_t side = 64;
  IntClsVariant variant = IntClsVariant::kCub;
};

// The matching-aware discriminator: its one head sees the sentence.
class IntClsCriticImpl : public torch::nn::Module, public Critic {
 public:
  explicit IntClsCriticImpl(const IntClsCriticOptions& options);
  std::vector<torch::Tensor> Features(const std::vector<torch::Tensor>& images) override;
  // Conditions are sentences.
  std::vector<torch::Tensor> Conditional(const std::vector<Pair>& batches) override;
  torch::Tensor Unconditional(const torch::Tensor& features) override;
  bool has_unconditional() const override { return false; }

 private:
  bool Activated(size_t layer) const;

  const IntClsVariant variant_;
  std::vector<Conv2d> conv_;
  std::vector<BatchNorm> norm_;  // behind all but the first of them
  Bottleneck residual_{nullptr};
  Linear txt{nullptr};
  BatchNorm bn_txt{nullptr};
  Conv2d joint{nullptr}, head{nullptr};
  BatchNorm bn_joint{nullptr};
};
TORCH_MODULE(IntClsCritic);

// The biases of all convolutions below `root`, transposed ones too. The published program sets them to zero
// before every pass.
std::vector<torch::Tensor> ConvolutionBiases(torch::nn::Module& root);

}  // namespace helio::nn
