#include "src/recipes/parts.h"

#include "src/base/error.h"
#include "src/base/to_device.h"
#include "src/nn/freeze.h"

namespace helio::recipes {

std::string DiscriminatorName(size_t stage) { return "netD" + std::to_string(stage); }

Part PartOf(const std::string& name, Role role, const torch::nn::Module& module) {
  return {name, role, StateOf(module, name + ".")};
}

nn::TextEncoder MakeTextEncoder(const TextEncoderOptions& options, int64_t vocabulary) {
  return nn::TextEncoder(nn::TextEncoderOptions{.vocabulary = vocabulary,
                                                .word_vector = options.word_vector,
                                                .embedding = options.embedding,
                                                .rnn = options.text_rnn});
}

nn::ImageEncoder MakeImageEncoder(const ImageTrunkOptions& options, const TextEncoderOptions& text) {
  return nn::ImageEncoder(nn::MakeImageTrunk(options.image_trunk, "--image_trunk"), text.embedding);
}

void LoadPretrained(torch::nn::Module& module, const PretrainedWeights& weights, const std::string& role,
                    const std::string& prefix) {
  const auto found = WithoutPrefix(weights.Of(role), prefix);
  if (found.empty() && weights.random) return;
  if (found.empty())
    ThrowUser("pretrained weights" + (prefix.empty() ? "" : " '" + prefix + "*'") + " are needed",
              "--" + role, WeightRoleOf(role).made_by + ", or --random_frozen for a trial");
  CopyState(found, StateOf(module), "--" + role);
}

void ThrowNoClassifier(const std::string& tensor) {
  ThrowUser(
      "has no tensor '" + tensor + "'", "--classifier",
      WeightRoleOf("classifier").made_by + " --recipe=classifier, or converted weights with that prefix");
}

void StartFromClassifier(nn::ImageTrunk& trunk, const PretrainedWeights& weights) {
  if (weights.Of("classifier").empty()) return;
  NamedTensors trunk_weights;
  for (const auto& [name, tensor] : WithoutPrefix(weights.Of("classifier"), "classifier."))
    if (!name.starts_with("fc.")) trunk_weights.emplace_back(name, tensor);
  if (trunk_weights.empty()) ThrowNoClassifier("classifier.*");
  CopyState(trunk_weights, StateOf(trunk), "--classifier");
}

std::vector<Round> OneRound(const std::string& name, const std::vector<Part>& parts,
                            const PretrainingOptions& options, std::function<LossTerms(BatchStep&)> loss) {
  Phase phase;
  phase.name = name;
  for (const auto& part : parts)
    for (const auto& entry : part.tensors)
      if (entry.second.requires_grad()) phase.parameters.push_back(entry);
  phase.optimizer = AdamWith(options, options.rate);
  phase.loss = LossOf<BatchStep>(std::move(loss));
  return {{std::move(phase)}};
}

FrozenText::FrozenText(const FrozenTextOptions& options, const Surroundings& surroundings)
    : encoder_(MakeTextEncoder(options, surroundings.data.vocabulary)), scale_(options.text_scale) {
  LoadPretrained(*encoder_, surroundings.weights, "damsm", "text_encoder.");
  nn::Freeze(*encoder_);
}

TextCondition FrozenText::Encode(const torch::Tensor& captions, const torch::Tensor& lengths) {
  torch::NoGradGuard no_grad;
  const auto features = encoder_->forward(captions, lengths);
  return {features.words * scale_, features.sentence * scale_,
          losses::PaddingOf(lengths, captions.size(1), captions.device())};
}

// The encoder wants captions' lengths on the host.
TextCondition FrozenText::Encode(const dataio::Batch& batch, const StepContext& context) {
  const auto given = context.Given("text", batch, [this](const dataio::Batch& of, const StepContext&) {
    const auto text = Encode(of.data().captions, of.data().caption_lengths);
    return std::vector{text.words, text.sentence, text.padding};
  });
  return {given[0], given[1], given[2]};
}

TextCondition FrozenText::Encode(const Prompt& prompt, torch::Device device) {
  const auto own = Encode(prompt.captions.to(device), prompt.lengths);
  if (!prompt.share.defined()) return own;
  const auto other = Encode(prompt.other_captions.to(device), prompt.other_lengths);
  const auto share = ToDevice(prompt.share, device).to(own.sentence.scalar_type());
  const auto words_share = share.view({-1, 1, 1});
  // A word that only one of them has fades in or out; at either end it is not there.
  const auto ends = share.unsqueeze(1);
  return {own.words * (1 - words_share) + other.words * words_share,
          own.sentence * (1 - ends) + other.sentence * ends,
          own.padding.logical_or(ends == 1).logical_and(other.padding.logical_or(ends == 0))};
}

FrozenCaptioner::FrozenCaptioner(const CaptionerOptions& options, const Surroundings& surroundings)
    : encoder(nn::MakeImageTrunk(options.caption_trunk, "--caption_trunk"), options.caption_embedding),
      decoder(options.caption_embedding, options.caption_hidden, surroundings.data.vocabulary) {
  LoadPretrained(*encoder, surroundings.weights, "captioner", "caption_cnn.");
  LoadPretrained(*decoder, surroundings.weights, "captioner", "caption_rnn.");
  nn::Freeze(*encoder);
  nn::Freeze(*decoder);
}

void FrozenCaptioner::AddParts(std::vector<Part>& parts) const {
  parts.push_back(PartOf("caption_cnn", Role::kFrozen, *encoder));
  parts.push_back(PartOf("caption_rnn", Role::kFrozen, *decoder));
}

FrozenDamsm::FrozenDamsm(const DamsmImageOptions& options, const FrozenTextOptions& text,
                         const Surroundings& surroundings)
    : options_{.gamma1 = options.gamma1, .gamma2 = options.gamma2, .gamma3 = options.gamma3},
      class_masks_(options.class_masks && surroundings.data.classes > 0),
      text_scale_(text.text_scale),
      encoder_(MakeImageEncoder(options, text)) {
  LoadPretrained(*encoder_, surroundings.weights, "damsm", "image_encoder.");
  nn::Freeze(*encoder_);
}

LossTerms FrozenDamsm::Terms(const torch::Tensor& fake, const TextCondition& text, const dataio::Domain& data,
                             double weight, const losses::BatchScope& scope) {
  const auto image = encoder_->forward(fake);
  return losses::DamsmLoss({.regions = image.regions,
                            .code = image.code,
                            .words = text.words / text_scale_,
                            .sentence = text.sentence / text_scale_,
                            .lengths = data.caption_lengths,
                            .classes = class_masks_ ? data.classes : torch::Tensor()},
                           options_, weight, scope);
}

}  // namespace helio::recipes
