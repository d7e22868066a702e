#include "src/nn/captioner.h"

#include "src/base/precision.h"

namespace helio::nn {

CaptionEncoderImpl::CaptionEncoderImpl(std::shared_ptr<ImageTrunk> trunk, int64_t embedding)
    : trunk_(std::move(trunk)) {
  register_module("resnet", trunk_);
  linear = register_module("linear", Linear(trunk_->pooled_channels(), embedding));
  bn = register_module("bn", BatchNorm(embedding, 1e-5, 0.01));
}

torch::Tensor CaptionEncoderImpl::forward(const torch::Tensor& images) {
  return Project(trunk_->forward(images).pooled);
}

CaptionDecoderImpl::CaptionDecoderImpl(int64_t embedding, int64_t hidden, int64_t vocabulary) {
  embed = register_module("embed", torch::nn::Embedding(vocabulary, embedding));
  lstm =
      register_module("lstm", torch::nn::LSTM(torch::nn::LSTMOptions(embedding, hidden).batch_first(true)));
  linear = register_module("linear", Linear(hidden, vocabulary));
}

torch::Tensor CaptionDecoderImpl::forward(const torch::Tensor& image_code, const torch::Tensor& captions) {
  // The last word is never an input. Padding comes last and an LSTM looks back only, so no packing is needed.
  const auto words = embed(captions.narrow(1, 0, captions.size(1) - 1));
  return linear(States(torch::cat({Exact(image_code).unsqueeze(1), words}, 1)));
}

torch::Tensor CaptionDecoderImpl::States(const torch::Tensor& inputs) {
  const FullPrecision recurrent;
  return std::get<0>(lstm(inputs));
}

torch::Tensor CaptionDecoderImpl::Sample(const torch::Tensor& image_code, int64_t length) {
  std::vector<torch::Tensor> words;
  auto input = image_code.unsqueeze(1);
  torch::optional<std::tuple<torch::Tensor, torch::Tensor>> state;
  for (int64_t i = 0; i < length; ++i) {
    auto [output, next] = lstm(input, state);
    words.push_back(linear(output.squeeze(1)).argmax(1));
    input = embed(words.back()).unsqueeze(1);
    state = next;
  }
  return torch::stack(words, 1);
}

}  // namespace helio::nn
