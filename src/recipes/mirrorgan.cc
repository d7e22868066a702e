#include "src/recipes/mirrorgan.h"

#include "src/losses/caption.h"
#include "src/nn/freeze.h"

namespace helio::recipes {

MirrorGan::MirrorGan(const RecipeOptions& options, const RecipeContext& context)
    : LadderRecipe(
          options, context,
          options.global_attention ? nn::AttentionKind::kWordsAndGlobal : nn::AttentionKind::kWords) {
  caption_encoder_ = nn::CaptionEncoder(nn::MakeImageTrunk(options.caption_trunk, "--caption_trunk"),
                                        options.caption_embedding);
  caption_decoder_ =
      nn::CaptionDecoder(options.caption_embedding, options.caption_hidden, options.vocabulary);
  const auto& weights = context.weights;
  LoadPretrained(*caption_encoder_, weights.captioner, "caption_cnn.", weights.random, "--captioner");
  LoadPretrained(*caption_decoder_, weights.captioner, "caption_rnn.", weights.random, "--captioner");
  nn::Freeze(*caption_encoder_);
  nn::Freeze(*caption_decoder_);
  if (options.mirror_damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, weights);
}

NamedTensors MirrorGan::FrozenState() const {
  NamedTensors state = LadderRecipe::FrozenState();
  Append(state, StateOf(*caption_encoder_, "caption_cnn."));
  Append(state, StateOf(*caption_decoder_, "caption_rnn."));
  if (damsm_) Append(state, damsm_->State());
  return state;
}

LossTerms MirrorGan::OwnTerms() {
  LossTerms terms;
  if (options_.caption_lambda > 0) {
    const auto logits = caption_decoder_->forward(caption_encoder_->forward(fake()), batch().captions);
    terms.push_back(
        {"caption", losses::CaptionLoss(logits, batch().captions, batch().caption_lengths, Scope()) *
                        options_.caption_lambda});
  }
  if (damsm_)
    for (auto& term : damsm_->Terms(fake(), text(), batch(), options_.mirror_damsm_lambda, Scope()))
      terms.push_back(std::move(term));
  return terms;
}

}  // namespace helio::recipes
