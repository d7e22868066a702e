#include "src/recipes/mirrorgan.h"

#include "src/losses/caption.h"

namespace helio::recipes {

void MirrorGanOptions::Declare(OptionList& list) {
  LadderOptions::Declare(list);
  DamsmImageOptions::Declare(list);
  CaptionerOptions::Declare(list);
  list.Group("Shapes");
  list.Add("global_attention", &global_attention, AnyValue(),
           "MirrorGAN: sentence attention beside word attention (GLAM)");
  list.Group("Losses");
  list.Add("caption_lambda", &caption_lambda, AtLeast(0),
           "MirrorGAN: weight of the caption loss (released code 10, paper 20)");
  list.Add("mirror_damsm_lambda", &mirror_damsm_lambda, AtLeast(0),
           "MirrorGAN: weight of an additional DAMSM loss (published: none)");
}

MirrorGan::MirrorGan(const MirrorGanOptions& options, const Surroundings& surroundings)
    : LadderGame(options, surroundings,
                 options.global_attention ? nn::AttentionKind::kWordsAndGlobal : nn::AttentionKind::kWords),
      options_(options),
      captioner_(options, surroundings) {
  if (options.mirror_damsm_lambda > 0) damsm_ = std::make_unique<FrozenDamsm>(options, options, surroundings);
}

std::vector<Part> MirrorGan::Parts() const {
  auto parts = LadderGame::Parts();
  captioner_.AddParts(parts);
  if (damsm_) parts.push_back(damsm_->AsPart());
  return parts;
}

LossTerms MirrorGan::OwnTerms(LadderStep& step) {
  LossTerms terms;
  if (options_.caption_lambda > 0) terms.push_back(CaptionTerm(step));
  if (damsm_)
    Append(terms, damsm_->Terms(step.drawn.images.back(), step.text, step.data, options_.mirror_damsm_lambda,
                                Scope(step)));
  return terms;
}

LossTerm MirrorGan::CaptionTerm(LadderStep& step) {
  const auto& data = step.data;
  const auto logits =
      captioner_.decoder->forward(captioner_.encoder->forward(step.drawn.images.back()), data.captions);
  return {"caption", losses::CaptionLoss(logits, data.captions, data.caption_lengths, Scope(step)) *
                         options_.caption_lambda};
}

std::unique_ptr<System> MakeMirrorGan(const MirrorGanOptions& options, const Surroundings& surroundings) {
  return std::make_unique<MirrorGan>(options, surroundings);
}

}  // namespace helio::recipes
