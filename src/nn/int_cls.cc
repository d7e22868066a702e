#include "src/nn/int_cls.h"

#include "src/nn/convolution.h"
#include "src/nn/torch7.h"

namespace helio::nn {
namespace {

constexpr double kSlope = 0.2;

// Channels of a map that is `halvings` above the one of base * 1: the published 8 at most.
int64_t Widened(int64_t base, int64_t halvings) { return base << std::min<int64_t>(halvings, 3); }

}  // namespace

BottleneckImpl::BottleneckImpl(int64_t channels, int64_t narrow, double slope) : slope_(slope) {
  conv_ = {BiasedConv(channels, narrow, 1), BiasedConv(narrow, narrow, 3, 1, 1),
           BiasedConv(narrow, channels, 3, 1, 1)};
  norm_ = {BatchNorm(narrow), BatchNorm(narrow), BatchNorm(channels)};
  for (size_t i = 0; i < conv_.size(); ++i) {
    register_module("conv" + std::to_string(i + 1), WithoutBiasGradient(conv_[i]));
    register_module("bn" + std::to_string(i + 1), norm_[i]);
  }
}

torch::Tensor BottleneckImpl::ForwardParts(const torch::Tensor& input, at::IntArrayRef rows) {
  auto features = input;
  for (size_t i = 0; i < conv_.size(); ++i) {
    features = norm_[i]->ForwardParts(conv_[i](features), rows);
    if (i + 1 == conv_.size()) features = input + features;
    features = LeakyRelu(features, slope_);
  }
  return features;
}

IntClsGeneratorImpl::IntClsGeneratorImpl(const IntClsGeneratorOptions& options) {
  txt = register_module("txt", Linear(options.embedding, options.projection));
  const int64_t doublings = Doublings(options.side);
  int64_t in = options.z + options.projection;
  for (int64_t i = 0; i <= doublings; ++i) {
    const bool last = i == doublings;
    const int64_t out = last ? 3 : Widened(options.gf, doublings - 1 - i);
    const auto number = std::to_string(i);
    up_.push_back(register_module("up" + number, i == 0 ? BiasedUp(in, out, 4) : BiasedUp(in, out, 4, 2, 1)));
    if (!last) norm_.push_back(register_module("bn" + number, BatchNorm(out)));
    if (!last && i < 2)
      residual_.push_back(
          register_module("res" + number, Bottleneck(out, std::max<int64_t>(out / 4, 1), 0.0)));
    in = out;
  }
  UseChannelsLast(*this);
}

torch::Tensor IntClsGeneratorImpl::forward(const torch::Tensor& noise, const torch::Tensor& sentence) {
  auto features = torch::cat({noise, LeakyRelu(txt(sentence))}, 1).unsqueeze(-1).unsqueeze(-1);
  features = features.contiguous(torch::MemoryFormat::ChannelsLast);
  for (size_t i = 0; i < norm_.size(); ++i) {
    features = norm_[i]->forward(up_[i](features));
    // No activation in front of a residual block.
    features = i < residual_.size() ? residual_[i](features) : features.relu();
  }
  return up_.back()(features).tanh();
}

IntClsCriticImpl::IntClsCriticImpl(const IntClsCriticOptions& options) : variant_(options.variant) {
  const int64_t halvings = Doublings(options.side), wide = 8 * options.df;
  int64_t in = 3;
  for (int64_t i = 0; i < halvings; ++i) {
    const int64_t out = std::min(wide, halvings < 4 ? wide >> (halvings - 1 - i) : options.df << i);
    const auto number = std::to_string(i);
    conv_.push_back(register_module("conv" + number, BiasedConv(in, out, 4, 2, 1)));
    if (i > 0) norm_.push_back(register_module("bn" + number, BatchNorm(out)));
    in = out;
  }
  residual_ = register_module("res", Bottleneck(wide, 2 * options.df, kSlope));
  txt = register_module("txt", Linear(options.embedding, options.projection));
  if (variant_ != IntClsVariant::kCoco) bn_txt = register_module("bn_txt", BatchNorm(options.projection));
  joint = register_module("joint", BiasedConv(wide + options.projection, wide, 1));
  bn_joint = register_module("bn_joint", BatchNorm(wide));
  head = register_module("head", BiasedConv(wide, 1, 4));
  UseChannelsLast(*this);
}

// Whether a halving ends in a leaky ReLU: not in front of the residual block, and not one before, as
// published for birds and flowers.
bool IntClsCriticImpl::Activated(size_t layer) const {
  const size_t behind = conv_.size() - 1 - layer;
  return layer == 0 || (behind > 0 && (behind > 1 || variant_ == IntClsVariant::kCoco));
}

std::vector<torch::Tensor> IntClsCriticImpl::Features(const std::vector<torch::Tensor>& images) {
  const auto rows = RowsOf(images);
  auto features = torch::cat(images).contiguous(torch::MemoryFormat::ChannelsLast);
  for (size_t i = 0; i < conv_.size(); ++i) {
    features = conv_[i](features);
    if (i > 0) features = norm_[i - 1]->ForwardParts(features, rows);
    if (Activated(i)) features = LeakyRelu(features);
  }
  return residual_->ForwardParts(features, rows).split_with_sizes(rows);
}

std::vector<torch::Tensor> IntClsCriticImpl::Conditional(const std::vector<Pair>& batches) {
  std::vector<torch::Tensor> pictures, sentences;
  for (const auto& [features, sentence] : batches) {
    pictures.push_back(features);
    sentences.push_back(sentence);
  }
  const auto rows = RowsOf(pictures);
  auto text = txt(torch::cat(sentences));
  if (variant_ != IntClsVariant::kCoco) text = bn_txt->ForwardParts(text, rows);
  const auto seen = torch::cat(pictures);
  auto features = joint(torch::cat({seen, Tiled(LeakyRelu(text), seen)}, 1));
  features = LeakyRelu(bn_joint->ForwardParts(features, rows));
  return head(features).view(-1).split_with_sizes(rows);
}

torch::Tensor IntClsCriticImpl::Unconditional(const torch::Tensor&) {
  LOG(FATAL) << "it has no head without the sentence";
}

std::vector<torch::Tensor> ConvolutionBiases(torch::nn::Module& root) {
  std::vector<torch::Tensor> biases;
  root.apply([&](torch::nn::Module& module) {
    if (auto* convolution = module.as<torch::nn::Conv2dImpl>()) biases.push_back(convolution->bias);
    if (auto* transposed = module.as<torch::nn::ConvTranspose2dImpl>()) biases.push_back(transposed->bias);
  });
  return biases;
}

}  // namespace helio::nn
