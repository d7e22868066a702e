#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

namespace helio::losses {

// STREAM's caption loss: cross-entropy averaged over all words of the global batch, as published (MirrorGAN
// eq. 8 sums over a caption). logits {b, words, vocabulary}: position t predicts word t; captions {b, words}
// int64; lengths {b}. Collective.
torch::Tensor CaptionLoss(const torch::Tensor& logits, const torch::Tensor& captions,
                          const torch::Tensor& lengths, const BatchScope& scope);

}  // namespace helio::losses
