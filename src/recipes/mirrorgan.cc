#include "src/recipes/mirrorgan.h"

#include "src/losses/caption.h"
#include "src/nn/freeze.h"

namespace helio::recipes {

MirrorGan::MirrorGan(const RecipeOptions& options, const Surroundings& surroundings)
    : LadderGame(options, surroundings,
                 options.global_attention ? nn::AttentionKind::kWordsAndGlobal : nn::AttentionKind::kWords) {
  caption_encoder_ = nn::CaptionEncoder(nn::MakeImageTrunk(options.caption_trunk, "--caption_trunk"),
                                        options.caption_embedding);
  caption_decoder_ =
      nn::CaptionDecoder(options.caption_embedding, options.caption_hidden, options.vocabulary);
  LoadPretrained(*caption_encoder_, surroundings.weights, "captioner", "caption_cnn.");
  LoadPretrained(*caption_decoder_, surroundings.weights, "captioner", "caption_rnn.");
  nn::Freeze(*caption_encoder_);
  nn::Freeze(*caption_decoder_);
  if (options.mirror_damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, surroundings);
}

std::vector<Part> MirrorGan::Parts() const {
  auto parts = LadderGame::Parts();
  parts.push_back(PartOf("caption_cnn", Role::kFrozen, *caption_encoder_));
  parts.push_back(PartOf("caption_rnn", Role::kFrozen, *caption_decoder_));
  if (damsm_) parts.push_back(damsm_->AsPart());
  return parts;
}

LossTerms MirrorGan::OwnTerms(LadderStep& step) {
  LossTerms terms;
  if (options_.caption_lambda > 0) terms.push_back(CaptionTerm(step));
  if (damsm_)
    Append(terms, damsm_->Terms(step.drawn.images.back(), step.text, step.batch, options_.mirror_damsm_lambda,
                                Scope(step)));
  return terms;
}

LossTerm MirrorGan::CaptionTerm(LadderStep& step) {
  const auto& batch = step.batch;
  const auto logits =
      caption_decoder_->forward(caption_encoder_->forward(step.drawn.images.back()), batch.captions);
  return {"caption", losses::CaptionLoss(logits, batch.captions, batch.caption_lengths, Scope(step)) *
                         options_.caption_lambda};
}

}  // namespace helio::recipes
