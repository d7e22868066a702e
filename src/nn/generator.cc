#include "src/nn/generator.h"

#include "src/nn/linear.h"

namespace helio::nn {

torch::nn::Sequential ToImage(int64_t channels) {
  return torch::nn::Sequential(Conv3x3(channels, 3), torch::nn::Tanh());
}

FirstStageImpl::FirstStageImpl(const GeneratorOptions& options)
    : channels_(options.gf * options.base_side / 4) {
  const int64_t flat = channels_ * 4 * 4;
  fc = register_module(
      "fc", torch::nn::Sequential(
                Linear(torch::nn::LinearOptions(options.z + options.condition, 2 * flat).bias(false)),
                BatchNorm(2 * flat), Glu()));
  int64_t channels = channels_;
  for (int64_t i = 1; i <= Doublings(options.base_side); ++i, channels /= 2)
    upsample_.push_back(
        register_module("upsample" + std::to_string(i), UpBlock(channels, channels / 2, options.upsampling)));
}

torch::Tensor FirstStageImpl::forward(const torch::Tensor& noise, const torch::Tensor& condition) {
  auto features = fc->forward(torch::cat({condition, noise}, 1)).view({-1, channels_, 4, 4});
  features = features.contiguous(torch::MemoryFormat::ChannelsLast);
  for (auto& block : upsample_) features = block->forward(features);
  return features;
}

NextStageImpl::NextStageImpl(const GeneratorOptions& options) {
  const int64_t gf = options.gf;
  const bool global = options.attention == AttentionKind::kWordsAndGlobal;
  if (global)
    global_local_ = register_module("att", GlobalLocalAttention(gf, options.embedding, options.condition));
  else
    words_only_ = register_module("att", WordAttention(gf, options.embedding));
  residual = torch::nn::Sequential();
  for (int64_t i = 0; i < options.residual_blocks; ++i) residual->push_back(ResBlock(2 * gf));
  register_module("residual", residual);
  upsample = register_module("upsample", UpBlock(2 * gf, gf, options.upsampling));
  if (global) conv = register_module("conv", Conv1x1(3 * gf, 2 * gf));  // last, as published: parameter order
}

std::pair<torch::Tensor, torch::Tensor> NextStageImpl::forward(const torch::Tensor& features,
                                                               const torch::Tensor& condition,
                                                               const torch::Tensor& words,
                                                               const WordMask& mask) {
  torch::Tensor joined, attention;
  if (global_local_) {
    const auto context = global_local_(features, condition, words, mask);
    joined = conv(torch::cat({features, context.words.context, context.sentence}, 1));
    attention = context.words.attention;
  } else {
    const auto context = words_only_(features, words, mask);
    joined = torch::cat({features, context.context}, 1);
    attention = context.attention;
  }
  return {upsample->forward(residual->is_empty() ? joined : residual->forward(joined)), attention};
}

GeneratorImpl::GeneratorImpl(const GeneratorOptions& options) : options_(options) {
  ca_net = register_module("ca_net", ConditioningAugmentation(options.embedding, options.condition));
  for (int64_t stage = 0; stage < options.stages; ++stage) {
    const auto number = std::to_string(stage + 1);
    if (stage == 0)
      first_ = register_module("h_net1", FirstStage(options));
    else
      next_.push_back(register_module("h_net" + number, NextStage(options)));
    if (!HasImage(stage)) continue;
    to_image_.push_back(ToImage(options.gf));
    register_module(options.only_last_image ? "img_net" : "img_net" + number, ImageHead(to_image_.back()));
  }
  UseChannelsLast(*this);
}

GeneratorOutput GeneratorImpl::forward(const GeneratorInput& input) {
  GeneratorOutput output;
  const auto condition = ca_net(input.sentence, input.condition_noise);
  output.mean = condition.mean;
  output.logvar = condition.logvar;
  torch::Tensor features, attention;
  auto to_image = to_image_.begin();
  for (int64_t stage = 0; stage < options_.stages; ++stage) {
    if (stage == 0) {
      features = first_(input.noise, condition.code);
    } else {
      std::tie(features, attention) =
          next_[static_cast<size_t>(stage - 1)]->forward(features, condition.code, input.words, input.mask);
      output.attention.push_back(attention);
    }
    if (HasImage(stage)) output.images.push_back((*to_image++)->forward(features));
  }
  return output;
}

}  // namespace helio::nn
