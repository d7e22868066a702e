#include "tests/parity/judges.h"

#include "src/losses/adversarial.h"
#include "src/losses/caption.h"
#include "src/nn/freeze.h"

namespace helio::parity {

Judges Judges::Of(const Fixture& fixture) {
  Judges judges;
  for (int64_t i = 0;; ++i) {
    const auto prefix = "netD" + std::to_string(i) + ".";
    if (!fixture.Has("param." + prefix + "img_code_s16.0.weight")) break;
    judges.discriminators.push_back(MakeDiscriminator(fixture, 64 << i));
    fixture.Load(*judges.discriminators.back(), prefix);
  }
  if (fixture.Has("param.image_encoder.conv.weight")) {
    judges.image_encoder = TinyImageEncoder(StandInChannels(fixture, "image_encoder"), fixture.Hyper("EMB"));
    fixture.Load(*judges.image_encoder, "image_encoder.");
    nn::Freeze(*judges.image_encoder);
    return judges;
  }
  judges.caption_encoder =
      TinyCaptionEncoder(StandInChannels(fixture, "caption_cnn"), fixture.Hyper("CAP_EMB"));
  fixture.Load(*judges.caption_encoder, "caption_cnn.");
  nn::Freeze(*judges.caption_encoder);
  judges.caption_decoder = MakeCaptionDecoder(fixture);
  fixture.Load(*judges.caption_decoder, "caption_rnn.");
  nn::Freeze(*judges.caption_decoder);
  return judges;
}

namespace {

losses::LossTerms TextTerms(const Fixture& fixture, Judges& judges, const torch::Tensor& image,
                            const Texts& texts, const losses::BatchScope& scope) {
  if (judges.image_encoder) {
    const auto seen = judges.image_encoder(image);
    auto terms = losses::DamsmLoss({.regions = seen.regions,
                                    .code = seen.code,
                                    .words = texts.words,
                                    .sentence = texts.sentence,
                                    .lengths = texts.lengths,
                                    .classes = texts.classes},
                                   DamsmOptionsOf(fixture), fixture.Hyper<double>("LAMBDA"), scope);
    CHECK_EQ(terms.size(), 2u);
    return {{"w_loss", terms[0].value}, {"s_loss", terms[1].value}};
  }
  const auto logits = judges.caption_decoder(judges.caption_encoder(image), texts.captions);
  const auto loss = losses::CaptionLoss(logits, texts.captions, texts.lengths, scope);
  return {{"cap_loss", loss * fixture.Hyper<double>("LAMBDA1")}};
}

}  // namespace

losses::LossTerms GeneratorTerms(const Fixture& fixture, Judges& judges,
                                 const std::vector<torch::Tensor>& images, const Texts& texts) {
  WholeBatch batch(texts.captions.size(0));
  losses::LossTerms terms;
  for (size_t i = 0; i < images.size(); ++i)
    for (auto& [name, value] : losses::GeneratorLoss(*judges.discriminators.at(i), images[i], texts.sentence,
                                                     batch.scope(), std::to_string(i)))
      terms.push_back({"errG_" + name, value});
  for (auto& term : TextTerms(fixture, judges, images.back(), texts, batch.scope())) terms.push_back(term);
  return terms;
}

torch::Tensor GiveTerms(Fixture& fixture, const losses::LossTerms& terms, const std::string& prefix) {
  std::map<std::string, torch::Tensor> stages;
  for (const auto& [name, value] : terms) {
    fixture.Give(prefix + name, value);
    const bool adversarial = name.rfind("errG_", 0) == 0;
    if (!adversarial) continue;
    auto& stage = stages["g_loss" + name.substr(name.size() - 1)];
    stage = stage.defined() ? stage + value : value;
  }
  for (const auto& [name, value] : stages) fixture.Give(prefix + name, value);
  return Total(terms);
}

torch::Tensor Total(const losses::LossTerms& terms) {
  auto total = terms.front().value;
  for (size_t i = 1; i < terms.size(); ++i) total = total + terms[i].value;
  return total;
}

}  // namespace helio::parity
