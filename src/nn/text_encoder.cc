#include "src/nn/text_encoder.h"

#include "src/base/error.h"

namespace helio::nn {
namespace rnn = torch::nn::utils::rnn;

TextEncoderImpl::TextEncoderImpl(const TextEncoderOptions& options) {
  encoder = register_module("encoder", torch::nn::Embedding(options.vocabulary, options.word_vector));
  torch::nn::init::uniform_(encoder->weight, -0.1, 0.1);
  const int64_t hidden = options.embedding / 2;
  if (options.rnn == "lstm") {
    lstm_ = register_module(
        "rnn",
        torch::nn::LSTM(
            torch::nn::LSTMOptions(options.word_vector, hidden).batch_first(true).bidirectional(true)));
  } else if (options.rnn == "gru") {
    gru_ = register_module(
        "rnn", torch::nn::GRU(
                   torch::nn::GRUOptions(options.word_vector, hidden).batch_first(true).bidirectional(true)));
  } else {
    ThrowUser("unknown text encoder '" + options.rnn + "'", "--text_rnn", "lstm or gru");
  }
}

TextFeatures TextEncoderImpl::forward(const torch::Tensor& captions, const torch::Tensor& lengths,
                                      const torch::Tensor& dropout) {
  auto vectors = encoder(captions);
  if (dropout.defined()) vectors = vectors * dropout;
  const auto packed = rnn::pack_padded_sequence(vectors, lengths.to(torch::kCPU), /*batch_first=*/true,
                                                /*enforce_sorted=*/false);
  const auto [output, last] = Run(packed);
  const auto words = std::get<0>(rnn::pad_packed_sequence(output, true, 0.0, captions.size(1)));
  return {words.transpose(1, 2), last.transpose(0, 1).reshape({captions.size(0), -1})};
}

std::pair<rnn::PackedSequence, torch::Tensor> TextEncoderImpl::Run(const rnn::PackedSequence& packed) {
  if (gru_) {
    auto [states, last] = gru_->forward_with_packed_input(packed);
    return {states, last};
  }
  auto [states, hidden] = lstm_->forward_with_packed_input(packed);
  return {states, std::get<0>(hidden)};
}

}  // namespace helio::nn
