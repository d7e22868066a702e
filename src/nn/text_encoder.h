#pragma once
#include <string>

#include "src/nn/module.h"
#include "src/nn/text_rnn.h"

namespace helio::nn {

struct TextEncoderOptions {
  int64_t vocabulary = 0;
  int64_t word_vector = 300;
  int64_t embedding = 256;  // of both directions together
  TextRnn rnn = TextRnn::kLstm;
};

struct TextFeatures {
  torch::Tensor words;     // {B, embedding, words}, zero beyond a caption's end
  torch::Tensor sentence;  // {B, embedding}
};

// STEM, the bidirectional text encoder (AttnGAN section 3.2, MirrorGAN eq. 1; published as RNN_ENCODER).
class TextEncoderImpl : public torch::nn::Module {
 public:
  explicit TextEncoderImpl(const TextEncoderOptions& options);

  // captions {B, words} int64, lengths {B} int64 in [1, words], any order. `dropout` {B, words, word_vector},
  // if defined, multiplies the word vectors: kept entries 1/(1-p), dropped ones 0 (given from outside, so
  // that it is a function of the global batch).
  TextFeatures forward(const torch::Tensor& captions, const torch::Tensor& lengths,
                       const torch::Tensor& dropout = {});

 private:
  // All states packed, and the last one of each direction {2, B, embedding / 2}.
  std::pair<torch::nn::utils::rnn::PackedSequence, torch::Tensor> Run(
      const torch::nn::utils::rnn::PackedSequence& packed);

  torch::nn::Embedding encoder{nullptr};
  torch::nn::LSTM lstm_{nullptr};
  torch::nn::GRU gru_{nullptr};
};
TORCH_MODULE(TextEncoder);

}  // namespace helio::nn
