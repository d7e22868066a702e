#pragma once
#include <memory>
#include <vector>

#include "src/nn/discriminator.h"
#include "src/nn/generator.h"
#include "src/recipes/options.h"
#include "src/recipes/text_to_image.h"

namespace helio::recipes {

// The game that AttnGAN and MirrorGAN share: a generator with a picture a stage, and a discriminator a
// picture, conditional and unconditional (AttnGAN eq. 3-6, MirrorGAN eq. 8-11). A recipe owns one, adds its
// own terms to the generator's loss, and decides the attention by the generator it asks for.
class LadderGame {
 public:
  // Networks with the published initialisation as a function of `seed`. `batch` spans the ranks (nullptr
  // members never are kept past it). Wrong pairs cross ranks unless `local_negatives`.
  LadderGame(const RecipeOptions& options, nn::AttentionKind attention, GlobalBatch& batch,
             GlobalBatch& negatives, uint64_t seed);

  // One generator forward for the whole step: noise and conditioning noise are functions of (seed, step,
  // row).
  void Imagine(const TextCondition& text, const dataio::Batch& batch, const StepContext& context);

  // d256, d128, d64: the largest first, because its gradients travel longest.
  Round DiscriminatorRound();
  // Phase "g" without its losses.
  Phase GeneratorPhase();

  // The generator's part against the (already updated) discriminators, which get no gradients of their own.
  LossTerms AdversarialTerms();
  LossTerms KlTerm() const;

  const std::vector<torch::Tensor>& fakes() const { return drawn_.images; }
  NamedTensors State() const;
  nn::Generator generator() { return generator_; }

  Pictures Draw(const TextCondition& text, const torch::Tensor& noise, const torch::Tensor& condition_noise);
  void ReestimateBatchNorm(const std::vector<TextCondition>& batches, uint64_t seed);

 private:
  LossTerms DiscriminatorTerms(size_t stage);

  const RecipeOptions options_;
  GlobalBatch& negatives_;
  nn::Generator generator_{nullptr};
  std::vector<nn::Discriminator> discriminators_;

  // The step under way.
  const dataio::Batch* batch_ = nullptr;
  TextCondition text_;
  nn::GeneratorOutput drawn_;
};

}  // namespace helio::recipes
