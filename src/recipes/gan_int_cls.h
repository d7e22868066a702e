#pragma once
#include "src/nn/int_cls.h"
#include "src/recipes/sentence_source.h"

namespace helio::recipes {

// Which interpolations of two of the batch's sentences the generator also draws.
enum class Interpolation {
  kMean,    // their mean (interp_type 1)
  kRandom,  // a random place on their line (interp_type 2)
  kNone,
};
inline constexpr Named<Interpolation> kInterpolations[] = {
    {Interpolation::kMean, "mean"}, {Interpolation::kRandom, "random"}, {Interpolation::kNone, "none"}};

// Defaults: icml2016 scripts/train_cub.sh.
struct GanIntClsOptions : BaseSideOptions, PlayerOptions, SentenceOptions, Torch7GameOptions {
  GanIntClsOptions() {
    gf = 128;
    df = 64;
    ema_decay = 0;
    sentence_captions = 4;
  }
  nn::IntClsVariant critic = nn::IntClsVariant::kCub;
  Interpolation interpolation = Interpolation::kMean;
  double interpolation_weight = 1;
  bool sentence_repeats = true;
  void Declare(OptionList& list);
};

// What a step of GAN-INT-CLS carries from phase to phase.
struct GanIntClsStep : BatchStep {
  using BatchStep::BatchStep;
  torch::Tensor sentence;  // {B, embedding}
  torch::Tensor fake;      // what the discriminator learns from: a constant
  // Of the generator's own step: pictures of the batch's sentences and, below these, of sentences between
  // them; and the sentence that each was drawn from.
  torch::Tensor imagined, described;
};

// Interpolates a whole batch of sentences {B, D} between rows i and i + B / 2, i in `pairs` (eq. 5). `place`
// {pairs, 1} in [-1, 1]: 0 is the mean of the two, -0.5 and 0.5 are the rows themselves; beyond them it
// extrapolates, as published. Returns {pairs, D}.
torch::Tensor InterpolatedSentences(const torch::Tensor& sentences, const RowRange& pairs,
                                    const torch::Tensor& place);

// GAN-INT-CLS (Reed et al., ICML 2016): a discriminator that also tells wrong pictures from right ones
// (algorithm 1), and a generator that draws sentences between those of the batch as well (eq. 5).
//
//   round 1: d      round 2: g (its pictures early)
std::unique_ptr<System> MakeGanIntCls(const GanIntClsOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
