#include "src/nn/discriminator.h"

#include "src/nn/convolution.h"

namespace helio::nn {
namespace {

// The first `halvings` strided convolutions, at most four, ending at 8 df channels (encode_image_by_16times
// for four).
torch::nn::Sequential Encoder(int64_t df, int64_t halvings) {
  torch::nn::Sequential layers;
  int64_t channels = 8 * df >> (halvings - 1);
  layers->push_back(Conv4x4Down(3, channels));
  layers->push_back(Leaky());
  for (int64_t i = 1; i < halvings; ++i, channels *= 2) {
    layers->push_back(Conv4x4Down(channels, 2 * channels));
    layers->push_back(BatchNorm(2 * channels));
    layers->push_back(Leaky());
  }
  return layers;
}

}  // namespace

DiscriminatorHeadImpl::DiscriminatorHeadImpl(int64_t df, int64_t embedding, bool conditional) {
  if (conditional) jointConv = register_module("jointConv", Block3x3Leaky(8 * df + embedding, 8 * df));
  // The sigmoid of the published Sequential has no parameters; the losses apply it.
  outlogits = register_module("outlogits", torch::nn::Sequential(ToLogit(df)));
}

torch::Tensor DiscriminatorHeadImpl::forward(const torch::Tensor& features, const torch::Tensor& sentence,
                                             at::IntArrayRef parts) {
  if (jointConv.is_empty()) return outlogits->forward(features).view(-1);
  const auto whole = features.size(0);
  const auto joint = ForwardParts(jointConv, torch::cat({features, Tiled(sentence, features)}, 1),
                                  parts.empty() ? at::IntArrayRef(whole) : parts);
  return outlogits->forward(joint).view(-1);
}

std::vector<torch::nn::Sequential> RegisterTrunk(torch::nn::Module& module, int64_t df, int64_t side) {
  std::vector<torch::nn::Sequential> trunk;
  const auto add = [&](const std::string& name, const torch::nn::Sequential& block) {
    trunk.push_back(module.register_module("img_code_s" + name, block));
  };
  const int64_t halvings = Doublings(side);
  add("16", Encoder(df, std::min<int64_t>(halvings, 4)));
  int64_t channels = 8 * df, scale = 16;
  for (int64_t i = 4; i < halvings; ++i, channels *= 2)
    add(std::to_string(scale *= 2), DownBlock(channels, 2 * channels));
  for (int64_t i = 1; channels > 8 * df; ++i, channels /= 2)
    add(std::to_string(scale) + "_" + std::to_string(i), Block3x3Leaky(channels, channels / 2));
  return trunk;
}

DiscriminatorImpl::DiscriminatorImpl(const DiscriminatorOptions& options) : side_(options.side) {
  const int64_t df = options.df;
  trunk_ = RegisterTrunk(*this, df, options.side);
  if (options.unconditional)
    unconditional_ =
        register_module("UNCOND_DNET", DiscriminatorHead(df, options.embedding, /*conditional=*/false));
  conditional_ = register_module("COND_DNET", DiscriminatorHead(df, options.embedding, /*conditional=*/true));
  UseChannelsLast(*this);
}

torch::Tensor DiscriminatorImpl::forward(const torch::Tensor& images) {
  auto features = images;
  for (auto& block : trunk_) features = block->forward(features);
  return features;
}

std::vector<torch::Tensor> DiscriminatorImpl::Features(const std::vector<torch::Tensor>& images) {
  return ForwardApart(trunk_, images);
}

std::vector<torch::Tensor> DiscriminatorImpl::Conditional(const std::vector<Pair>& batches) {
  std::vector<torch::Tensor> features, sentences;
  for (const auto& [feature, sentence] : batches) {
    features.push_back(feature);
    sentences.push_back(sentence);
  }
  const auto rows = RowsOf(features);
  return conditional_(torch::cat(features), torch::cat(sentences), rows).split_with_sizes(rows);
}

torch::Tensor DiscriminatorImpl::Conditional(const torch::Tensor& features, const torch::Tensor& sentence) {
  return conditional_(features, sentence);
}

torch::Tensor DiscriminatorImpl::Unconditional(const torch::Tensor& features) {
  return unconditional_(features);
}

}  // namespace helio::nn
