#pragma once
#include "src/nn/image_trunk.h"
#include "src/nn/linear.h"
#include "src/nn/module.h"

namespace helio::nn {

// STREAM's image side (MirrorGAN section 3.3; published as CAPTION_CNN): a trunk, a linear layer, batch norm
// (momentum 0.01).
class CaptionEncoderImpl : public torch::nn::Module {
 public:
  CaptionEncoderImpl(std::shared_ptr<ImageTrunk> trunk, int64_t embedding);
  // images {B, 3, s, s} in [-1, 1] -> {B, embedding}.
  torch::Tensor forward(const torch::Tensor& images);
  // The trainable end of forward: the trunk's pooled features {B, pooled_channels} -> {B, embedding}.
  torch::Tensor Project(const torch::Tensor& pooled) { return bn(linear(pooled)); }
  ImageTrunk& trunk() { return *trunk_; }

 private:
  std::shared_ptr<ImageTrunk> trunk_;
  Linear linear{nullptr};
  BatchNorm bn{nullptr};
};
TORCH_MODULE(CaptionEncoder);

// STREAM's decoder (published as CAPTION_RNN): an LSTM that reads the image code, then the words, and
// predicts the next word. There is no start and no end token, as published: position t predicts word t from
// the image and the words before it.
class CaptionDecoderImpl : public torch::nn::Module {
 public:
  CaptionDecoderImpl(int64_t embedding, int64_t hidden, int64_t vocabulary);
  // Teacher forcing. image_code {B, embedding}, captions {B, words} int64 padded with 0. Logits {B, words,
  // vocabulary}; what is computed beyond a caption's end means nothing.
  torch::Tensor forward(const torch::Tensor& image_code, const torch::Tensor& captions);
  // Greedy decoding: captions {B, length} int64 of image_code {B, embedding}.
  torch::Tensor Sample(const torch::Tensor& image_code, int64_t length);

 private:
  torch::Tensor States(const torch::Tensor& inputs);

  torch::nn::Embedding embed{nullptr};
  torch::nn::LSTM lstm{nullptr};
  Linear linear{nullptr};
};
TORCH_MODULE(CaptionDecoder);

}  // namespace helio::nn
