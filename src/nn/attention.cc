#include "src/nn/attention.h"

#include "src/base/precision.h"

namespace helio::nn {

torch::Tensor WordMask::ForPositions(int64_t positions) const {
  if (!tiled.defined()) return padding.unsqueeze(1);
  const auto flat = torch::arange(rows.first * positions, rows.end() * positions,
                                  torch::dtype(torch::kInt64).device(tiled.device())) %
                    tiled.size(0);
  return tiled.index_select(0, flat).view({rows.local, positions, tiled.size(1)});
}

WordAttentionImpl::WordAttentionImpl(int64_t features, int64_t embedding) {
  conv_context = register_module("conv_context", Conv1x1(embedding, features));
}

WordContext WordAttentionImpl::forward(const torch::Tensor& input, const torch::Tensor& words,
                                       const WordMask& mask) {
  const int64_t batch = input.size(0), features = input.size(1), height = input.size(2),
                width = input.size(3);
  // Positions in rows: free of copies where the map is channels-last.
  const auto queries = input.permute({0, 2, 3, 1}).reshape({batch, height * width, features});
  const auto keys =
      torch::matmul(conv_context->weight.view({features, words.size(1)}), words);  // {B, features, words}
  auto scores = torch::bmm(queries, keys);
  if (mask.padding.defined() || mask.tiled.defined())
    scores = scores.masked_fill(mask.ForPositions(height * width), -INFINITY);
  const auto attention = Exact(scores).softmax(-1);
  const auto context = torch::bmm(attention, keys.transpose(1, 2));
  return {context.view({batch, height, width, features}).permute({0, 3, 1, 2}),
          attention.view({batch, height, width, words.size(2)}).permute({0, 3, 1, 2})};
}

GlobalLocalAttentionImpl::GlobalLocalAttentionImpl(int64_t features, int64_t embedding, int64_t condition)
    : WordAttentionImpl(features, embedding) {
  conv_sentence_vis = register_module("conv_sentence_vis", Conv1x1(features, features));
  linear = register_module("linear", Linear(condition, features));
}

GlobalLocalContext GlobalLocalAttentionImpl::forward(const torch::Tensor& input,
                                                     const torch::Tensor& condition,
                                                     const torch::Tensor& words, const WordMask& mask) {
  GlobalLocalContext result;
  result.words = WordAttentionImpl::forward(input, words, mask);
  const auto sentence = linear(condition).unsqueeze(-1).unsqueeze(-1);
  result.sentence_attention = Exact(conv_sentence_vis(input * sentence)).softmax(1);
  result.sentence = sentence * result.sentence_attention;
  return result;
}

}  // namespace helio::nn
