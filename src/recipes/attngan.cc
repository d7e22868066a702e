#include "src/recipes/attngan.h"

namespace helio::recipes {

void AttnGanOptions::Declare(OptionList& list) {
  LadderOptions::Declare(list);
  DamsmImageOptions::Declare(list);
  list.Group("Losses");
  list.Add("damsm_lambda", &damsm_lambda, AtLeast(0), "AttnGAN: weight of the DAMSM loss (CUB 5, COCO 50)");
}

AttnGan::AttnGan(const AttnGanOptions& options, const Surroundings& surroundings, bool only_last)
    : LadderGame(options, surroundings, nn::AttentionKind::kWords, only_last),
      damsm_lambda_(options.damsm_lambda) {
  if (options.damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, options, surroundings);
}

std::vector<Part> AttnGan::Parts() const {
  auto parts = LadderGame::Parts();
  if (damsm_) parts.push_back(damsm_->AsPart());
  return parts;
}

LossTerms AttnGan::OwnTerms(LadderStep& step) {
  if (!damsm_) return {};
  return damsm_->Terms(step.drawn.images.back(), step.text, step.data, damsm_lambda_, Scope(step));
}

std::unique_ptr<System> MakeAttnGan(const AttnGanOptions& options, const Surroundings& surroundings) {
  return std::make_unique<AttnGan>(options, surroundings);
}

std::unique_ptr<System> MakeAttnDcgan(const AttnGanOptions& options, const Surroundings& surroundings) {
  return std::make_unique<AttnGan>(options, surroundings, /*only_last=*/true);
}

}  // namespace helio::recipes
