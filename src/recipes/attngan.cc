#include "src/recipes/attngan.h"

namespace helio::recipes {

AttnGan::AttnGan(const RecipeOptions& options, const RecipeContext& context, bool only_last)
    : LadderRecipe(options, context, nn::AttentionKind::kWords, only_last) {
  if (options.damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, context.weights);
}

LossTerms AttnGan::OwnTerms() {
  return damsm_ ? damsm_->Terms(fake(), text(), batch(), options_.damsm_lambda, Scope()) : LossTerms{};
}

}  // namespace helio::recipes
