#pragma once
#include "src/nn/module.h"
#include "src/recipes/ladder_game.h"

namespace helio::recipes {

// What a system of the AttnGAN family has beside its own loss terms: a frozen text encoder and the ladder
// game.
class LadderRecipe : public TextToImage {
 public:
  LadderRecipe(const RecipeOptions& options, const RecipeContext& context, nn::AttentionKind attention,
               bool only_last = false);

  std::vector<Round> Rounds() override;
  void Prepare(const dataio::Batch& batch, const StepContext& context) override;
  NamedTensors State() const override { return game_.State(); }
  NamedTensors FrozenState() const override { return StateOf(*text_encoder_.encoder(), "text_encoder."); }

  TextCondition Encode(const torch::Tensor& captions, const torch::Tensor& lengths) override {
    return text_encoder_.Encode(captions, lengths);
  }
  Pictures Draw(const TextCondition& text, const torch::Tensor& noise,
                const torch::Tensor& condition_noise) override {
    return game_.Draw(text, noise, condition_noise);
  }
  void ReestimateBatchNorm(const std::vector<TextCondition>& batches, uint64_t seed) override {
    game_.ReestimateBatchNorm(batches, seed);
  }
  torch::nn::Module& generator() override { return *game_.generator(); }
  int64_t noise_size() const override { return options_.z; }
  int64_t condition_size() const override { return options_.condition; }

 protected:
  // The system's own terms on the last fake; they need no discriminator.
  virtual LossTerms OwnTerms() = 0;

  const torch::Tensor& fake() const { return game_.last_fake(); }
  const dataio::Batch& batch() const { return *batch_; }
  const TextCondition& text() const { return text_; }
  losses::BatchScope Scope();

  const RecipeOptions options_;
  GlobalBatch& negatives_;

 private:
  FrozenText text_encoder_;
  LadderGame game_;
  const dataio::Batch* batch_ = nullptr;
  TextCondition text_;
};

}  // namespace helio::recipes
