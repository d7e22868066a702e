#include "src/nn/tree.h"

#include "src/nn/discriminator.h"

namespace helio::nn {
namespace {

GeneratorOptions FirstStageOptions(const TreeOptions& options) {
  GeneratorOptions first;
  first.gf = options.gf;
  first.z = options.z;
  first.condition = options.conditional ? options.condition : 0;
  first.base_side = options.base_side;
  return first;
}

}  // namespace

BranchImpl::BranchImpl(int64_t channels, int64_t condition, int64_t residual_blocks) {
  jointConv = register_module("jointConv", torch::nn::Sequential(Conv3x3(channels + condition, 2 * channels),
                                                                 BatchNorm(2 * channels), Glu()));
  residual = torch::nn::Sequential();
  for (int64_t i = 0; i < residual_blocks; ++i) residual->push_back(ResBlock(channels));
  register_module("residual", residual);
  upsample = register_module("upsample", UpBlock(channels, channels / 2));
}

torch::Tensor BranchImpl::forward(const torch::Tensor& features, const torch::Tensor& condition) {
  auto joint = jointConv->forward(torch::cat({Tiled(condition, features), features}, 1));
  if (!residual->is_empty()) joint = residual->forward(joint);
  return upsample->forward(joint);
}

TreeGeneratorImpl::TreeGeneratorImpl(const TreeOptions& options) {
  if (options.conditional)
    ca_net = register_module("ca_net", ConditioningAugmentation(options.embedding, options.condition));
  int64_t channels = options.gf;
  for (int64_t stage = 0; stage < options.stages; ++stage) {
    const auto number = std::to_string(stage + 1);
    if (stage == 0) {
      first_ = register_module("h_net1", FirstStage(FirstStageOptions(options)));
    } else {
      const int64_t condition = options.conditional ? options.condition : options.z;
      next_.push_back(
          register_module("h_net" + number, Branch(channels, condition, options.residual_blocks)));
      channels /= 2;
    }
    to_image_.push_back(ToImage(channels));
    register_module("img_net" + number, ImageHead(to_image_.back()));
  }
  UseChannelsLast(*this);
}

TreeOutput TreeGeneratorImpl::forward(const TreeInput& input) {
  TreeOutput output;
  auto condition = input.noise;
  auto first_condition = input.noise.narrow(1, 0, 0);  // none: noise alone
  if (ca_net) {
    const auto augmented = ca_net(input.sentence, input.condition_noise);
    condition = first_condition = augmented.code;
    output.mean = augmented.mean;
    output.logvar = augmented.logvar;
  }
  auto features = first_(input.noise, first_condition);
  for (size_t stage = 0; stage < to_image_.size(); ++stage) {
    if (stage > 0) features = next_[stage - 1]->forward(features, condition);
    output.images.push_back(to_image_[stage]->forward(features));
  }
  return output;
}

TreeCriticImpl::TreeCriticImpl(const TreeCriticOptions& options) : side_(options.side) {
  const int64_t df = options.df;
  trunk_ = RegisterTrunk(*this, df, options.side);
  logits = register_module("logits", torch::nn::Sequential(ToLogit(df)));
  if (options.conditional) {
    jointConv = register_module("jointConv", Block3x3Leaky(8 * df + options.condition, 8 * df));
    uncond_logits = register_module("uncond_logits", torch::nn::Sequential(ToLogit(df)));
  }
  UseChannelsLast(*this);
}

std::vector<torch::Tensor> TreeCriticImpl::Features(const std::vector<torch::Tensor>& images) {
  return ForwardApart(trunk_, images);
}

std::vector<torch::Tensor> TreeCriticImpl::Conditional(const std::vector<Pair>& batches) {
  std::vector<torch::Tensor> joint;
  for (const auto& [features, condition] : batches)
    joint.push_back(torch::cat({Tiled(condition, features), features}, 1));
  const auto rows = RowsOf(joint);
  return logits->forward(ForwardParts(jointConv, torch::cat(joint), rows)).view(-1).split_with_sizes(rows);
}

torch::Tensor TreeCriticImpl::Unconditional(const torch::Tensor& features) {
  return (uncond_logits ? uncond_logits : logits)->forward(features).view(-1);
}

}  // namespace helio::nn
