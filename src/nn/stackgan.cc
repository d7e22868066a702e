#include "src/nn/stackgan.h"

#include "src/nn/generator.h"

namespace helio::nn {
namespace {

torch::nn::Sequential Doubling(int64_t in, int64_t out) {
  return torch::nn::Sequential(DoubleSize(), Conv3x3(in, out), BatchNorm(out), ReluInPlace());
}

// relu(x + BN(conv(relu(BN(conv(x)))))), names block.0 ... block.4.
class ReluBlockImpl : public torch::nn::Module {
 public:
  explicit ReluBlockImpl(int64_t channels) {
    block_ = register_module(
        "block", torch::nn::Sequential(Conv3x3(channels, channels), BatchNorm(channels), ReluInPlace(),
                                       Conv3x3(channels, channels), BatchNorm(channels)));
  }
  torch::Tensor forward(const torch::Tensor& input) { return (block_->forward(input) + input).relu(); }

 private:
  torch::nn::Sequential block_{nullptr};
};
TORCH_MODULE(ReluBlock);

// Strided convolutions to 4 x 4; above 8 df channels, 3 x 3 ones back to 8 df.
torch::nn::Sequential Trunk(int64_t df, int64_t side) {
  const int64_t halvings = Doublings(side);
  int64_t channels = halvings < 4 ? 8 * df >> (halvings - 1) : df;
  torch::nn::Sequential layers(Conv4x4Down(3, channels), Leaky());
  const auto add = [&](const Conv2d& convolution, int64_t out) {
    layers->push_back(convolution);
    layers->push_back(BatchNorm(out));
    layers->push_back(Leaky());
    channels = out;
  };
  for (int64_t i = 1; i < halvings; ++i) add(Conv4x4Down(channels, 2 * channels), 2 * channels);
  while (channels > 8 * df) add(Conv3x3(channels, channels / 2), channels / 2);
  return layers;
}

// The published D_GET_LOGITS; its sigmoid has no parameters and is left to the loss.
class LogitsImpl : public torch::nn::Module {
 public:
  explicit LogitsImpl(torch::nn::Sequential layers) { register_module("outlogits", layers); }
};
TORCH_MODULE(Logits);

}  // namespace

ReluAugmentationImpl::ReluAugmentationImpl(int64_t embedding, int64_t condition) {
  fc = register_module("fc", Linear(embedding, 2 * condition));
}

Condition ReluAugmentationImpl::forward(const torch::Tensor& sentence, const torch::Tensor& noise) {
  const auto halves = fc(sentence).relu().chunk(2, 1);
  return {halves[0] + noise * (halves[1] * 0.5).exp(), halves[0], halves[1]};
}

StackGanStage1Impl::StackGanStage1Impl(const StackGanOptions& options)
    : channels_(options.gf * options.side / 8) {
  ca_net = register_module("ca_net", ReluAugmentation(options.embedding, options.condition));
  const int64_t flat = channels_ * 4 * 4;
  fc = register_module(
      "fc",
      torch::nn::Sequential(Linear(torch::nn::LinearOptions(options.z + options.condition, flat).bias(false)),
                            BatchNorm(flat), ReluInPlace()));
  int64_t channels = channels_;
  for (int64_t i = 1; i <= Doublings(options.side); ++i, channels /= 2)
    upsample_.push_back(register_module("upsample" + std::to_string(i), Doubling(channels, channels / 2)));
  img = register_module("img", ToImage(channels));
  UseChannelsLast(*this);
}

StackGanOutput StackGanStage1Impl::forward(const StackGanInput& input) {
  const auto condition = ca_net(input.sentence, input.condition_noise);
  auto features = fc->forward(torch::cat({input.noise, condition.code}, 1)).view({-1, channels_, 4, 4});
  features = features.contiguous(torch::MemoryFormat::ChannelsLast);
  for (auto& block : upsample_) features = block->forward(features);
  return {img->forward(features), condition.mean, condition.logvar, {}};
}

StackGanStage2Impl::StackGanStage2Impl(const StackGanOptions& options) {
  stage1_ = register_module("STAGE1_G", StackGanStage1(options));
  for (auto& parameter : stage1_->parameters()) parameter.set_requires_grad(false);
  ca_net = register_module("ca_net", ReluAugmentation(options.embedding, options.condition));
  const int64_t gf = options.gf, wide = 4 * gf;
  encoder = register_module(
      "encoder",
      torch::nn::Sequential(Conv3x3(3, gf), ReluInPlace(), Conv4x4Down(gf, 2 * gf), BatchNorm(2 * gf),
                            ReluInPlace(), Conv4x4Down(2 * gf, wide), BatchNorm(wide), ReluInPlace()));
  hr_joint = register_module("hr_joint", torch::nn::Sequential(Conv3x3(options.condition + wide, wide),
                                                               BatchNorm(wide), ReluInPlace()));
  residual = torch::nn::Sequential();
  for (int64_t i = 0; i < options.residual_blocks; ++i) residual->push_back(ReluBlock(wide));
  register_module("residual", residual);
  const int64_t widths[] = {wide, 2 * gf, gf, gf / 2, gf / 4};
  for (size_t i = 0; i < 4; ++i)
    upsample_.push_back(
        register_module("upsample" + std::to_string(i + 1), Doubling(widths[i], widths[i + 1])));
  img = register_module("img", ToImage(widths[4]));
  UseChannelsLast(*this);
}

StackGanOutput StackGanStage2Impl::forward(const StackGanInput& input) {
  StackGanOutput output;
  {
    const torch::NoGradGuard no_grad;
    output.first = stage1_->forward({input.sentence, input.noise, input.stage1_condition_noise, {}}).image;
  }
  const auto seen = encoder->forward(output.first);
  const auto condition = ca_net(input.sentence, input.condition_noise);
  auto features = hr_joint->forward(torch::cat({seen, Tiled(condition.code, seen)}, 1));
  if (!residual->is_empty()) features = residual->forward(features);
  for (auto& block : upsample_) features = block->forward(features);
  output.image = img->forward(features);
  output.mean = condition.mean;
  output.logvar = condition.logvar;
  return output;
}

StackGanCriticImpl::StackGanCriticImpl(const StackGanCriticOptions& options) {
  const int64_t df = options.df;
  trunk_ = {register_module("encode_img", Trunk(df, options.side))};
  conditional_ = Block3x3Leaky(8 * df + options.condition, 8 * df);
  conditional_->push_back(ToLogit(df));
  register_module("get_cond_logits", Logits(conditional_));
  if (options.unconditional) {
    unconditional_ = torch::nn::Sequential(ToLogit(df));
    register_module("get_uncond_logits", Logits(unconditional_));
  }
  UseChannelsLast(*this);
}

std::vector<torch::Tensor> StackGanCriticImpl::Features(const std::vector<torch::Tensor>& images) {
  return ForwardApart(trunk_, images);
}

std::vector<torch::Tensor> StackGanCriticImpl::Conditional(const std::vector<Pair>& batches) {
  std::vector<torch::Tensor> joint;
  for (const auto& [features, condition] : batches)
    joint.push_back(torch::cat({features, Tiled(condition, features)}, 1));
  const auto rows = RowsOf(joint);
  return ForwardParts(conditional_, torch::cat(joint), rows).view(-1).split_with_sizes(rows);
}

torch::Tensor StackGanCriticImpl::Unconditional(const torch::Tensor& features) {
  return unconditional_->forward(features).view(-1);
}

}  // namespace helio::nn
