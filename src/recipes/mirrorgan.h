#pragma once
#include "src/nn/caption_decoder.h"
#include "src/nn/caption_encoder.h"
#include "src/recipes/ladder_game.h"
#include "src/recipes/registry.h"

namespace helio::recipes {

// MirrorGAN (Qiao et al., CVPR 2019): a frozen text encoder (STEM), the three-stage generator with word and sentence attention
// (GLAM), and a frozen captioner (STREAM) that must read the caption back from the last picture. Defaults follow the released code.
//
//   round 1: d256, d128, d64      round 2: g = caption (early) + kl (early) + conditional and unconditional terms of each stage
class MirrorGan : public TextToImage {
 public:
  MirrorGan(const RecipeOptions& options, const RecipeContext& context);

  std::vector<Round> Rounds() override;
  void Prepare(const dataio::Batch& batch, const StepContext& context) override;
  NamedTensors State() const override { return game_.State(); }
  NamedTensors FrozenState() const override;

  TextCondition Encode(const torch::Tensor& captions, const torch::Tensor& lengths) override;
  Pictures Draw(const TextCondition& text, const torch::Tensor& noise, const torch::Tensor& condition_noise) override;
  void ReestimateBatchNorm(const std::vector<TextCondition>& batches, uint64_t seed) override;
  torch::nn::Module& generator() override { return *game_.generator(); }
  int64_t noise_size() const override { return options_.z; }
  int64_t condition_size() const override { return options_.condition; }

 private:
  LossTerms EarlyTerms();

  const RecipeOptions options_;
  GlobalBatch& negatives_;
  FrozenText text_;
  nn::CaptionEncoder caption_encoder_{nullptr};
  nn::CaptionDecoder caption_decoder_{nullptr};
  std::unique_ptr<DamsmJudge> damsm_;  // only with mirror_damsm_lambda > 0
  LadderGame game_;
  const dataio::Batch* batch_ = nullptr;
};

}  // namespace helio::recipes
