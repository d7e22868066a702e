#pragma once
#include "src/recipes/ladder_game.h"

namespace helio::recipes {

// AttnGAN (Xu et al., CVPR 2018): word attention, and a frozen DAMSM that judges the last picture. Two stages
// are the paper's attn1, three attn2. With `only_last` AttnDCGAN: one picture, one discriminator.
//
//   round 1: d256, d128, d64      round 2: g = words, sentence, kl (early), then cond + uncond of each stage
class AttnGan : public LadderGame {
 public:
  AttnGan(const RecipeOptions& options, const Surroundings& surroundings, bool only_last = false);
  std::vector<Part> Parts() const override;

 protected:
  LossTerms OwnTerms(LadderStep& step) override;

 private:
  std::unique_ptr<FrozenDamsm> damsm_;  // only with damsm_lambda > 0
};

}  // namespace helio::recipes
