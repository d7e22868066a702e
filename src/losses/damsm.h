#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

namespace helio::losses {

struct DamsmOptions {
  double gamma1 = 4;   // sharpness of attention over regions
  double gamma2 = 5;   // sharpness over words
  double gamma3 = 10;  // sharpness over the batch
};

struct RegionContext {
  torch::Tensor context;    // {I, C, words, D}
  torch::Tensor attention;  // {I, C, words, regions}
};

// For every image and caption, the region context of each word (AttnGAN eq. 7-9; published as
// func_attention): a softmax over the caption's words, then gamma1 and a softmax over regions. regions {I, D,
// h, w}, words {C, D, words}, padding {C, words} bool.
RegionContext AttendRegions(const torch::Tensor& regions, const torch::Tensor& words,
                            const torch::Tensor& padding, double gamma1);

// log sum_words exp(gamma2 cos(word, context)) of every own image and every caption {I, C}. AttnGAN eq. 10
// without its exponent 1/gamma2, as published.
torch::Tensor WordSimilarities(const torch::Tensor& regions, const torch::Tensor& words,
                               const torch::Tensor& padding, const DamsmOptions& options);

// What the encoders make of a rank's b pictures and their captions.
struct DamsmPairs {
  torch::Tensor regions;   // {b, D, h, w}
  torch::Tensor code;      // {b, D}
  torch::Tensor words;     // {b, D, words}
  torch::Tensor sentence;  // {b, D}
  torch::Tensor lengths;   // {b}
  torch::Tensor classes;  // {b}: pairs of one class are no negatives of each other; undefined: all others are
};

// The DAMSM loss over the global batch (AttnGAN eq. 11-13): own images against all captions, the similarity
// matrix gathered, cross-entropy along rows (w0, s0) and columns (w1, s1). Differentiable in all features.
// Collective. Terms: words (w0 + w1), sentence (s0 + s1), times `weight`.
LossTerms DamsmLoss(const DamsmPairs& pairs, const DamsmOptions& options, double weight,
                    const BatchScope& scope);

// The pieces, for tests: {2} = row and column cross-entropy.
torch::Tensor WordsLoss(const torch::Tensor& regions, const torch::Tensor& words,
                        const torch::Tensor& lengths, const torch::Tensor& classes,
                        const DamsmOptions& options, const BatchScope& scope);
torch::Tensor SentenceLoss(const torch::Tensor& code, const torch::Tensor& sentence,
                           const torch::Tensor& classes, double gamma3, const BatchScope& scope);

// {B, words} bool on `device`: true at and beyond each caption's length. Lengths on the host cost the device
// no wait.
torch::Tensor PaddingOf(const torch::Tensor& lengths, int64_t words, torch::Device device);
inline torch::Tensor PaddingOf(const torch::Tensor& lengths, int64_t words) {
  return PaddingOf(lengths, words, lengths.device());
}

}  // namespace helio::losses
