#include "src/recipes/ladder_recipe.h"

namespace helio::recipes {

LadderRecipe::LadderRecipe(const RecipeOptions& options, const RecipeContext& context,
                           nn::AttentionKind attention, bool only_last)
    : options_(options),
      negatives_(context.negatives),
      text_encoder_(options, context.weights),
      game_(options, context, attention, only_last) {}

std::vector<Round> LadderRecipe::Rounds() {
  return {game_.DiscriminatorRound(), {game_.GeneratorPhase([this] { return OwnTerms(); })}};
}

void LadderRecipe::Prepare(const dataio::Batch& batch, const StepContext& context) {
  batch_ = &batch;
  text_ = Encode(batch.captions, batch.caption_lengths);
  game_.Imagine(text_, batch, context);
}

losses::BatchScope LadderRecipe::Scope() {
  const bool local = negatives_.ranks() == 1 && !batch_->rows.whole();
  return {negatives_, local ? RowRange{0, batch_->rows.local, batch_->rows.local} : batch_->rows};
}

}  // namespace helio::recipes
