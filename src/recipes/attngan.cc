#include "src/recipes/attngan.h"

namespace helio::recipes {

AttnGan::AttnGan(const RecipeOptions& options, const Surroundings& surroundings, bool only_last)
    : LadderGame(options, surroundings, nn::AttentionKind::kWords, only_last) {
  if (options.damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, surroundings);
}

std::vector<Part> AttnGan::Parts() const {
  auto parts = LadderGame::Parts();
  if (damsm_) parts.push_back(damsm_->AsPart());
  return parts;
}

LossTerms AttnGan::OwnTerms(LadderStep& step) {
  if (!damsm_) return {};
  return damsm_->Terms(step.drawn.images.back(), step.text, step.batch, options_.damsm_lambda, Scope(step));
}

}  // namespace helio::recipes
