#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"
#include "src/nn/critic.h"

namespace helio::losses {

// Mean binary cross-entropy of logits {b} against one label (1 real, 0 fake): this rank's part of the mean
// over the global batch. With the published numerics (sigmoid first, logarithms clamped at -100); NaN stays
// NaN.
torch::Tensor BinaryCrossEntropy(const torch::Tensor& logits, double label, const BatchScope& scope);

// -log(p + 1e-12) for label 1, -log(1 - p + 1e-12) for label 0, of each probability: Torch7's BCECriterion
// before its mean.
torch::Tensor Torch7CrossEntropy(const torch::Tensor& probability, double label);

// In which order a conditional head sees its three batches of a step: its batch norm's running statistics
// depend on it.
enum class HeadOrder { kRealFakeWrong, kRealWrongFake };

// A discriminator's loss (AttnGAN eq. 5, MirrorGAN eq. 10-11) as published, of binary cross-entropies:
//
//   (real_uncond + real_cond) / 2 + (fake_uncond + fake_cond + wrong_cond) / 3
//   real_cond + (fake_cond + wrong_cond) / 2           without the unconditional head
//
// A wrong pair is a real picture with the sentence of the next row of the *global* batch (B - 1 pairs). Real
// and fake pictures pass the trunk separately, in this order (their batch-norm statistics differ). Images {b,
// 3, s, s}; fake and sentence {b, embedding} are detached here. Needs two rows in the global batch.
// Collective.
LossTerms DiscriminatorLoss(nn::Critic& discriminator, const torch::Tensor& real, const torch::Tensor& fake,
                            const torch::Tensor& sentence, const BatchScope& scope,
                            HeadOrder order = HeadOrder::kRealFakeWrong);

// The generator's terms against one discriminator: uncond + cond, not halved (AttnGAN eq. 4 halves; the
// released code does not). `suffix` is appended to the terms' names: the stage.
LossTerms GeneratorLoss(nn::Critic& discriminator, const torch::Tensor& fake, const torch::Tensor& sentence,
                        const BatchScope& scope, const std::string& suffix = "");

}  // namespace helio::losses
