#include "src/nn/text_encoder.h"

#include "src/base/precision.h"
#include "src/base/to_device.h"

namespace helio::nn {
namespace rnn = torch::nn::utils::rnn;

namespace {

// rnn::pack_padded_sequence of rows in any order, without its wait for the device.
rnn::PackedSequence Packed(const torch::Tensor& vectors, const torch::Tensor& lengths) {
  const auto [sorted, order] = lengths.sort(/*dim=*/-1, /*descending=*/true);
  const auto sorted_indices = ToDevice(order, vectors.device());
  const auto unsorted_indices = ToDevice(order.argsort(), vectors.device());
  auto [data, batch_sizes] =
      at::_pack_padded_sequence(vectors.index_select(0, sorted_indices), sorted, /*batch_first=*/true);
  return rnn::PackedSequence(std::move(data), std::move(batch_sizes), sorted_indices, unsorted_indices);
}

// rnn::pad_packed_sequence, likewise. {B, words, D}, rows in their own order, zeros behind a caption's end.
torch::Tensor Padded(const rnn::PackedSequence& packed, int64_t words) {
  const auto rows = std::get<0>(
      at::_pad_packed_sequence(packed.data(), packed.batch_sizes(), /*batch_first=*/true, 0.0, words));
  return rows.index_select(0, packed.unsorted_indices());
}

}  // namespace

TextEncoderImpl::TextEncoderImpl(const TextEncoderOptions& options) {
  encoder = register_module("encoder", torch::nn::Embedding(options.vocabulary, options.word_vector));
  torch::nn::init::uniform_(encoder->weight, -0.1, 0.1);
  const int64_t hidden = options.embedding / 2;
  if (options.rnn == TextRnn::kLstm) {
    lstm_ = register_module(
        "rnn",
        torch::nn::LSTM(
            torch::nn::LSTMOptions(options.word_vector, hidden).batch_first(true).bidirectional(true)));
  } else {
    gru_ = register_module(
        "rnn", torch::nn::GRU(
                   torch::nn::GRUOptions(options.word_vector, hidden).batch_first(true).bidirectional(true)));
  }
}

TextFeatures TextEncoderImpl::forward(const torch::Tensor& captions, const torch::Tensor& lengths,
                                      const torch::Tensor& dropout) {
  const FullPrecision recurrent;
  auto vectors = encoder(captions);
  if (dropout.defined()) vectors = vectors * dropout;
  const auto packed = Packed(vectors, lengths.to(torch::kCPU));
  const auto [output, last] = Run(packed);
  const auto words = Padded(output, captions.size(1));
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
