#pragma once
#include "src/recipes/ladder_game.h"

namespace helio::recipes {

struct MirrorGanOptions : LadderOptions, DamsmImageOptions, CaptionerOptions {
  bool global_attention = true;  // off: Table 3's first rows
  double caption_lambda = 10;    // LAMBDA1 of the released code; the paper says 20
  double mirror_damsm_lambda = 0;
  void Declare(OptionList& list);
};

// MirrorGAN (Qiao et al., CVPR 2019): a frozen text encoder (STEM), the three-stage generator with word and
// sentence attention (GLAM), and a frozen captioner (STREAM) that must read the caption back from the last
// picture. Defaults follow the released code.
//
//   round 1: d256, d128, d64      round 2: g = caption, kl (early), then cond + uncond of each stage
class MirrorGan : public LadderGame {
 public:
  MirrorGan(const MirrorGanOptions& options, const Surroundings& surroundings);
  std::vector<Part> Parts() const override;

 protected:
  LossTerms OwnTerms(LadderStep& step) override;

 private:
  LossTerm CaptionTerm(LadderStep& step);

  const MirrorGanOptions options_;
  FrozenCaptioner captioner_;
  std::unique_ptr<FrozenDamsm> damsm_;  // only with mirror_damsm_lambda > 0
};

std::unique_ptr<System> MakeMirrorGan(const MirrorGanOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
