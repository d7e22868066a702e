#pragma once
#include <vector>

#include "src/nn/critic.h"
#include "src/nn/generator.h"

// StackGAN++ (Zhang et al., TPAMI 2018) as hanzhanggit/StackGAN-v2 publishes it, under its parameter names: a
// tree of generators whose channels halve from branch to branch, and a discriminator a branch.
namespace helio::nn {

struct TreeOptions {
  int64_t gf = 64;
  int64_t embedding = 1024;
  int64_t condition = 128;
  int64_t z = 100;
  int64_t residual_blocks = 2;
  int64_t stages = 3;
  int64_t base_side = 64;   // a power of two >= 8; 64 is the published net
  bool conditional = true;  // else noise alone, which then also takes the condition's place in later branches
};

struct TreeInput {
  torch::Tensor noise;            // {B, z}
  torch::Tensor sentence;         // {B, embedding}; conditional only
  torch::Tensor condition_noise;  // {B, condition}; conditional only
};

struct TreeOutput {
  std::vector<torch::Tensor> images;  // a branch each, smallest first: {B, 3, s, s} in [-1, 1]
  torch::Tensor mean, logvar;         // {B, condition}; conditional only
};

// Published as NEXT_STAGE_G.
class BranchImpl : public torch::nn::Module {
 public:
  BranchImpl(int64_t channels, int64_t condition, int64_t residual_blocks);
  // features {B, channels, s, s}, condition {B, condition}; {B, channels / 2, 2 s, 2 s}.
  torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& condition);

 private:
  torch::nn::Sequential jointConv{nullptr}, residual{nullptr}, upsample{nullptr};
};
TORCH_MODULE(Branch);

// G_NET.
class TreeGeneratorImpl : public torch::nn::Module {
 public:
  explicit TreeGeneratorImpl(const TreeOptions& options);
  TreeOutput forward(const TreeInput& input);

 private:
  ConditioningAugmentation ca_net{nullptr};
  FirstStage first_{nullptr};
  std::vector<Branch> next_;
  std::vector<torch::nn::Sequential> to_image_;
};
TORCH_MODULE(TreeGenerator);

struct TreeCriticOptions {
  int64_t df = 64;
  int64_t condition = 128;
  int64_t side = 64;
  bool conditional = true;
};

// D_NET64, D_NET128, D_NET256. Without a condition it has the unconditional head alone.
class TreeCriticImpl : public torch::nn::Module, public Critic {
 public:
  explicit TreeCriticImpl(const TreeCriticOptions& options);
  std::vector<torch::Tensor> Features(const std::vector<torch::Tensor>& images) override;
  std::vector<torch::Tensor> Conditional(const std::vector<Pair>& batches) override;
  torch::Tensor Unconditional(const torch::Tensor& features) override;
  bool has_unconditional() const override { return true; }
  int64_t side() const { return side_; }

 private:
  int64_t side_;
  std::vector<torch::nn::Sequential> trunk_;
  torch::nn::Sequential logits{nullptr}, jointConv{nullptr}, uncond_logits{nullptr};
};
TORCH_MODULE(TreeCritic);

}  // namespace helio::nn
