#pragma once
#include "src/recipes/ladder_game.h"

namespace helio::recipes {

struct AttnGanOptions : LadderOptions, DamsmImageOptions {
  double damsm_lambda = 5;  // CUB; COCO: 50
  void Declare(OptionList& list);
};

// AttnGAN (Xu et al., CVPR 2018): word attention, and a frozen DAMSM that judges the last picture. Two stages
// are the paper's attn1, three attn2. With `only_last` AttnDCGAN: one picture, one discriminator.
//
//   round 1: d256, d128, d64      round 2: g = words, sentence, kl (early), then cond + uncond of each stage
class AttnGan : public LadderGame {
 public:
  AttnGan(const AttnGanOptions& options, const Surroundings& surroundings, bool only_last = false);
  std::vector<Part> Parts() const override;

 protected:
  LossTerms OwnTerms(LadderStep& step) override;

 private:
  const double damsm_lambda_;
  std::unique_ptr<FrozenDamsm> damsm_;  // only with damsm_lambda > 0
};

std::unique_ptr<System> MakeAttnGan(const AttnGanOptions& options, const Surroundings& surroundings);
std::unique_ptr<System> MakeAttnDcgan(const AttnGanOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
