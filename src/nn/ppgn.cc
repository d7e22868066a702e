#include "src/nn/ppgn.h"

#include "src/nn/convolution.h"

namespace helio::nn {
namespace {

constexpr double kCodeSlope = 0.3;

ConvTranspose2d DoublingUp(int64_t in, int64_t out) {
  return ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1));
}

ConvTranspose2d SameSide(int64_t in, int64_t out) {
  return ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 3).padding(1));
}

torch::Tensor Dropped(const torch::Tensor& input, const torch::Tensor& factors) {
  return factors.defined() ? input * factors : input;
}

}  // namespace

CodeGeneratorImpl::CodeGeneratorImpl(const CodeGeneratorOptions& options)
    : channels_(options.channels.at(0)) {
  CHECK_GT(options.doublings(), options.convolutions);
  AddHidden(options);
  AddMaps(options);
  UseChannelsLast(*this);
}

void CodeGeneratorImpl::AddHidden(const CodeGeneratorOptions& options) {
  std::vector<int64_t> widths{options.code};
  widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
  widths.push_back(16 * channels_);
  int64_t number = options.doublings() + std::ssize(options.hidden);
  for (size_t i = 0; i + 1 < widths.size(); ++i)
    hidden_.push_back(register_module("defc" + std::to_string(--number), Linear(widths[i], widths[i + 1])));
}

void CodeGeneratorImpl::AddMaps(const CodeGeneratorOptions& options) {
  auto channels = options.channels;
  channels.push_back(3);
  const auto add = [&](const std::string& name, auto make) {
    const auto in = channels[up_.size()], out = channels[up_.size() + 1];
    up_.push_back(register_module(name, make(in, out)));
  };
  for (int64_t number = options.doublings() - 1; number >= 0; --number) {
    add("deconv" + std::to_string(number), DoublingUp);
    if (number >= options.doublings() - options.convolutions)
      add("conv" + std::to_string(number) + "_1", SameSide);
  }
}

torch::Tensor CodeGeneratorImpl::forward(const torch::Tensor& code) {
  auto features = code;
  for (auto& layer : hidden_) features = torch::leaky_relu(layer(features), kCodeSlope);
  features = features.view({-1, channels_, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast);
  for (size_t i = 0; i + 1 < up_.size(); ++i) features = torch::leaky_relu(up_[i](features), kCodeSlope);
  return up_.back()(features);
}

PictureCriticOptions PictureCriticOptions::Deep(int64_t df) {
  return {{{df, 7, 4, 0}, {2 * df, 5, 1, 0}, {4 * df, 3, 2, 0}, {8 * df, 3, 1, 0}, {8 * df, 3, 2, 0}},
          8 * df};
}

PictureCriticOptions PictureCriticOptions::Small(int64_t df) {
  return {{{df, 5, 2, 2}, {2 * df, 3, 2, 1}, {2 * df, 3, 2, 1}}, 2 * df};
}

PictureCriticImpl::PictureCriticImpl(const PictureCriticOptions& options) : hidden_(options.hidden) {
  for (const auto& [channels, kernel, stride, padding] : options.convolutions) {
    const auto layer = torch::nn::Conv2dOptions(features_, channels, kernel).stride(stride).padding(padding);
    convolutions_.push_back(
        register_module("conv" + std::to_string(convolutions_.size() + 1), Conv2d(layer)));
    features_ = channels;
  }
  fc1 = register_module("fc1", Linear(features_, hidden_));
  fc2 = register_module("fc2", Linear(hidden_, 2));
  UseChannelsLast(*this);
}

torch::Tensor PictureCriticImpl::forward(const torch::Tensor& images, const DropoutMasks& drop) {
  auto features = images.contiguous(torch::MemoryFormat::ChannelsLast);
  for (auto& layer : convolutions_) features = layer(features).relu();
  const auto hidden = fc1(Dropped(features.mean({2, 3}), drop.features)).relu();
  return fc2(Dropped(hidden, drop.hidden));
}

}  // namespace helio::nn
