#pragma once
#include <string>
#include <vector>

#include "src/base/tensor.h"
#include "src/eval/canvas.h"

namespace helio::eval {

// A picture and where each word looked while it was refined.
struct AttentionStage {
  torch::Tensor image;      // {3, s, s} in [-1, 1]
  torch::Tensor attention;  // {words, h, w} >= 0
};

struct AttentionSubject {
  std::string caption;
  // The caption's tokens in order, without padding; at most attention.size(0).
  std::vector<std::string> words;
  std::vector<AttentionStage> stages;
  std::vector<torch::Tensor> earlier = {};  // pictures {3, s, s} of the stages before words were looked at
};

struct AttentionStyle {
  std::string title, subtitle;
  size_t top_words = 5;  // per stage
  int64_t side = 160;
};

// The words with the largest attention anywhere in the picture, most attended first: indices into `words`.
std::vector<int64_t> TopWords(const torch::Tensor& attention, size_t words, size_t top);

// The picture {3, h, w} in [-1, 1] in grey, more covered by the heat map's colours where there is more
// attention {h', w'}, which is stretched to its own range: {3, side, side} on the host.
torch::Tensor AttentionOver(const torch::Tensor& image, const torch::Tensor& attention, int64_t side);

// A block per subject, after the earlier stages a row per stage: the picture, then heat maps of the top words
// over it, the word above each with its peak attention; each map is stretched to its own range.
Canvas DrawAttention(const std::vector<AttentionSubject>& subjects, const AttentionStyle& style);

}  // namespace helio::eval
