#pragma once
#include "src/nn/ppgn.h"
#include "src/recipes/balance.h"
#include "src/recipes/code_range.h"
#include "src/recipes/parts.h"
#include "src/recipes/ppgn_drawer.h"

namespace helio::recipes {

// PPGN's discriminator.
enum class PictureCriticKind {
  kDeep,   // for pictures of 227, with dropout
  kSmall,  // of three halvings
};
inline constexpr Named<PictureCriticKind> kPictureCriticKinds[] = {{PictureCriticKind::kDeep, "deep"},
                                                                   {PictureCriticKind::kSmall, "small"}};

// What the differences of pictures, features and codes are measured in.
enum class LossUnits {
  kAbsolute,
  kSpread,  // half the variance of the first batch
};
inline constexpr Named<LossUnits> kLossUnits[] = {{LossUnits::kAbsolute, "absolute"},
                                                  {LossUnits::kSpread, "spread"}};

// Defaults: the released generator's definition; of its training, which was not published, those of
// Dosovitskiy and Brox (NIPS 2016), weights for pictures in [-1, 1].
struct PpgnOptions : AdamBetaOptions, ImageTrunkOptions, ChainSettings, RateOptions, AverageOptions {
  PpgnOptions() {
    beta1 = 0.9;
    ema_decay = 0;
  }
  std::string generator_hidden = "4096,4096";
  std::string generator_channels = "256,256,512,256,256,128,128,64,32";
  int64_t generator_convolutions = 3;
  PictureCriticKind picture_critic = PictureCriticKind::kDeep;
  int64_t df = 32;
  double image_weight = 0.0325;  // 2e-6 of 0 .. 255
  double feature_weight = 0.01, code_weight = 0.01, adversarial_weight = 100;
  LossUnits loss_units = LossUnits::kAbsolute;
  bool balance = true;
  std::string halve_at = "300000,500000,700000,900000";
  void Declare(OptionList& list);

  nn::CodeGeneratorOptions Generator(int64_t code) const;
  // 1, halved at each of the steps that has been reached.
  double RateFactor(int64_t step) const;
};

// What a step of PPGN's training carries from phase to phase.
struct PpgnStep : BatchStep {
  using BatchStep::BatchStep;
  torch::Tensor image;           // {B, 3, side, side}
  torch::Tensor code, features;  // what the encoder says of it: {B, code}, {B, c, h, w}
  torch::Tensor drawn;           // G(code), with its graph where the generator trains
  // This rank's part of the discriminator's cross-entropies: on real and on drawn pictures before its update,
  // of being fooled after it; {}. What no phase computes, Conclude does.
  torch::Tensor real, fake, fooled;
};

// PPGN (Nguyen et al., CVPR 2017). Trained is the generator: it inverts a frozen encoder, so that pictures,
// features and codes come back, and is told from pictures by a discriminator ("Noiseless Joint PPGN-h"; the
// recipe: docs/numerics.md). Drawn is by chains (ppgn_drawer.h).
//
//   round 1: d      round 2: g = image, features, code (early), adversarial
std::unique_ptr<System> MakePpgn(const PpgnOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
