#include "src/recipes/attngan.h"

namespace helio::recipes {

AttnGan::AttnGan(const RecipeOptions& options, const RecipeContext& context, bool only_last)
    : LadderRecipe(options, context, nn::AttentionKind::kWords, only_last) {
  if (options.damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, context.weights);
}

NamedTensors AttnGan::FrozenState() const {
  NamedTensors state = LadderRecipe::FrozenState();
  if (damsm_) Append(state, damsm_->State());
  return state;
}

LossTerms AttnGan::OwnTerms() {
  return damsm_ ? damsm_->Terms(fake(), text(), batch(), options_.damsm_lambda, Scope()) : LossTerms{};
}

}  // namespace helio::recipes
