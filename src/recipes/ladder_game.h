#pragma once
#include <vector>

#include "src/base/tensor.h"
#include "src/nn/discriminator.h"
#include "src/nn/generator.h"
#include "src/recipes/parts.h"

namespace helio::recipes {

// The game that AttnGAN and MirrorGAN share: a generator with a picture a stage, and a discriminator a
// picture, conditional and unconditional (AttnGAN eq. 3-6, MirrorGAN eq. 8-11). A recipe owns one, adds its
// own terms to the generator's loss, and decides the attention.
class LadderGame {
 public:
  // Networks with the published initialisation as a function of context.seed. `only_last` plays with the last
  // picture only (G_DCGAN).
  LadderGame(const RecipeOptions& options, const RecipeContext& context, nn::AttentionKind attention,
             bool only_last = false);

  // One generator forward for the whole step: noise and conditioning noise are functions of (seed, step,
  // row).
  void Imagine(const TextCondition& text, const dataio::Batch& batch, const StepContext& context);

  // d256, d128, d64: the largest first, because its gradients travel longest.
  Round DiscriminatorRound();
  // Phase "g": the recipe's own early terms and KL, then the adversarial terms.
  Phase GeneratorPhase(std::function<LossTerms()> own_terms);

  const torch::Tensor& last_fake() const { return drawn_.images.back(); }
  NamedTensors State() const;
  nn::Generator& generator() { return generator_; }

  Pictures Draw(const TextCondition& text, const torch::Tensor& noise, const torch::Tensor& condition_noise);
  void ReestimateBatchNorm(const std::vector<TextCondition>& batches, uint64_t seed);

 private:
  LossTerms DiscriminatorTerms(size_t stage);
  LossTerms AdversarialTerms();
  LossTerms KlTerm();
  losses::BatchScope Scope();
  nn::WordMask MaskOf(const TextCondition& text, const RowRange& rows);

  const RecipeOptions options_;
  GlobalBatch& batch_;
  GlobalBatch& negatives_;
  nn::Generator generator_{nullptr};
  std::vector<nn::Discriminator> discriminators_;

  // The step under way.
  const dataio::Batch* data_ = nullptr;
  TextCondition text_;
  nn::GeneratorOutput drawn_;
};

}  // namespace helio::recipes
