#pragma once
#include "src/base/rows.h"
#include "src/nn/blocks.h"
#include "src/nn/convolution.h"
#include "src/nn/linear.h"

namespace helio::nn {

// Which words a picture's positions may look at.
struct WordMask {
  // {B, words} bool of the own rows: true beyond a caption's end; undefined: look everywhere.
  torch::Tensor padding;

  // --fidelity=released: the published code masks flattened row r (sample * positions + position) with the
  // caption of sample r % batch, so that every sample sees the others' lengths. Then this is the padding
  // {global, words} of the whole batch, and `rows` says which of it is ours. Undefined: each sample its own
  // padding.
  torch::Tensor tiled;
  RowRange rows;

  // Broadcastable to {B, positions, words}.
  torch::Tensor ForPositions(int64_t positions) const;
};

struct WordContext {
  torch::Tensor context;    // {B, idf, h, w}
  torch::Tensor attention;  // {B, words, h, w}, sums to 1 over words
};

// Word attention: each position of a feature map looks at the words (AttnGAN eq. 2, MirrorGAN eq. 4;
// published as GlobalAttentionGeneral). No 1/sqrt(d), no bias.
class WordAttentionImpl : public torch::nn::Module {
 public:
  WordAttentionImpl(int64_t features, int64_t embedding);
  // input {B, features, h, w}; words {B, embedding, words}.
  WordContext forward(const torch::Tensor& input, const torch::Tensor& words, const WordMask& mask);

 protected:
  Conv2d conv_context{nullptr};
};
TORCH_MODULE(WordAttention);

struct GlobalLocalContext {
  WordContext words;
  torch::Tensor sentence;            // {B, features, h, w}
  torch::Tensor sentence_attention;  // {B, features, h, w}, sums to 1 over features (the published softmax
                                     // runs over channels)
};

// GLAM: word and sentence attention (MirrorGAN eq. 4-5; published as GLAttentionGeneral).
class GlobalLocalAttentionImpl : public WordAttentionImpl {
 public:
  GlobalLocalAttentionImpl(int64_t features, int64_t embedding, int64_t condition);
  // condition {B, condition}: the augmented sentence code.
  GlobalLocalContext forward(const torch::Tensor& input, const torch::Tensor& condition,
                             const torch::Tensor& words, const WordMask& mask);

 private:
  Conv2d conv_sentence_vis{nullptr};
  Linear linear{nullptr};
};
TORCH_MODULE(GlobalLocalAttention);

}  // namespace helio::nn
