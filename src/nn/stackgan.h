#pragma once
#include <vector>

#include "src/nn/blocks.h"
#include "src/nn/conditioning_augmentation.h"
#include "src/nn/critic.h"
#include "src/nn/linear.h"
#include "src/nn/module.h"

// StackGAN (Zhang et al., ICCV 2017) as hanzhanggit/StackGAN-Pytorch publishes it, under its parameter names.
// Sides other than the published 64 and 256 get as many doublings and halvings as they need.
namespace helio::nn {

struct StackGanOptions {
  int64_t embedding = 1024;
  int64_t condition = 128;
  int64_t z = 100;
  int64_t gf = 192;
  int64_t residual_blocks = 2;  // of stage II
  int64_t side = 64;  // of stage I's picture, a power of two >= 8; stage II's is four times as large
};

// Conditioning augmentation whose mean and logvar both leave a ReLU: sigma is at least 1.
class ReluAugmentationImpl : public torch::nn::Module {
 public:
  ReluAugmentationImpl(int64_t embedding, int64_t condition);
  // sentence {B, embedding}, noise {B, condition} standard normal.
  Condition forward(const torch::Tensor& sentence, const torch::Tensor& noise);

 private:
  Linear fc{nullptr};
};
TORCH_MODULE(ReluAugmentation);

struct StackGanInput {
  torch::Tensor sentence;                // {B, embedding}
  torch::Tensor noise;                   // {B, z}
  torch::Tensor condition_noise;         // {B, condition}
  torch::Tensor stage1_condition_noise;  // {B, condition}, stage II only: of the stage I inside
};

struct StackGanOutput {
  torch::Tensor image;         // {B, 3, side, side} in [-1, 1]
  torch::Tensor mean, logvar;  // {B, condition}
  torch::Tensor first;         // stage II: stage I's picture, a constant
};

// Either stage.
class StackGanGeneratorImpl : public torch::nn::Module {
 public:
  virtual StackGanOutput forward(const StackGanInput& input) = 0;
};

// STAGE1_G.
class StackGanStage1Impl : public StackGanGeneratorImpl {
 public:
  explicit StackGanStage1Impl(const StackGanOptions& options);
  StackGanOutput forward(const StackGanInput& input) override;

 private:
  int64_t channels_;
  ReluAugmentation ca_net{nullptr};
  torch::nn::Sequential fc{nullptr}, img{nullptr};
  std::vector<torch::nn::Sequential> upsample_;
};
TORCH_MODULE(StackGanStage1);

// STAGE2_G: refines the picture of the stage I inside, whose weights take no gradient. It stays in the mode
// of the whole: in training its batch norm uses and moves its statistics, as published.
class StackGanStage2Impl : public StackGanGeneratorImpl {
 public:
  explicit StackGanStage2Impl(const StackGanOptions& options);
  StackGanOutput forward(const StackGanInput& input) override;
  StackGanStage1& first() { return stage1_; }

 private:
  StackGanStage1 stage1_{nullptr};
  ReluAugmentation ca_net{nullptr};
  torch::nn::Sequential encoder{nullptr}, hr_joint{nullptr}, residual{nullptr}, img{nullptr};
  std::vector<torch::nn::Sequential> upsample_;
};
TORCH_MODULE(StackGanStage2);

struct StackGanCriticOptions {
  int64_t df = 96;
  int64_t condition = 128;
  int64_t side = 64;
  bool unconditional = false;  // stage II has the head that does not see the condition
};

// STAGE1_D and STAGE2_D.
class StackGanCriticImpl : public torch::nn::Module, public Critic {
 public:
  explicit StackGanCriticImpl(const StackGanCriticOptions& options);
  std::vector<torch::Tensor> Features(const std::vector<torch::Tensor>& images) override;
  std::vector<torch::Tensor> Conditional(const std::vector<Pair>& batches) override;
  torch::Tensor Unconditional(const torch::Tensor& features) override;
  bool has_unconditional() const override { return !unconditional_.is_empty(); }

 private:
  std::vector<torch::nn::Sequential> trunk_;
  torch::nn::Sequential conditional_{nullptr}, unconditional_{nullptr};
};
TORCH_MODULE(StackGanCritic);

}  // namespace helio::nn
