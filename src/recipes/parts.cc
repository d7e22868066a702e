#include "src/recipes/parts.h"

#include "src/base/error.h"
#include "src/losses/damsm.h"
#include "src/nn/freeze.h"

namespace helio::recipes {

NamedTensors ParametersOf(const torch::nn::Module& module, const std::string& prefix) {
  NamedTensors parameters;
  for (const auto& entry : module.named_parameters())
    parameters.emplace_back(prefix + entry.key(), entry.value());
  return parameters;
}

void Append(NamedTensors& to, const NamedTensors& from) { to.insert(to.end(), from.begin(), from.end()); }

NamedTensors WithoutPrefix(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors found;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) found.emplace_back(name.substr(prefix.size()), tensor);
  return found;
}

nn::TextEncoder MakeTextEncoder(const RecipeOptions& options) {
  return nn::TextEncoder(nn::TextEncoderOptions{.vocabulary = options.vocabulary,
                                                .word_vector = options.word_vector,
                                                .embedding = options.embedding,
                                                .rnn = options.text_rnn});
}

nn::ImageEncoder MakeImageEncoder(const RecipeOptions& options) {
  return nn::ImageEncoder(nn::MakeImageTrunk(options.image_trunk, "--image_trunk"), options.embedding);
}

void LoadPretrained(torch::nn::Module& module, const NamedTensors& weights, const std::string& prefix,
                    bool random, const std::string& flag) {
  const auto found = WithoutPrefix(weights, prefix);
  if (found.empty() && random) return;
  if (found.empty())
    ThrowUser("pretrained weights '" + prefix + "*' are needed", flag,
              "pass a best.safetensors of helio-pretrain, or --random_frozen for a trial");
  CopyState(found, StateOf(module), flag);
}

FrozenText::FrozenText(const RecipeOptions& options, const PretrainedWeights& weights)
    : encoder_(MakeTextEncoder(options)), scale_(options.text_scale) {
  LoadPretrained(*encoder_, weights.damsm, "text_encoder.", weights.random, "--damsm");
  nn::Freeze(*encoder_);
}

TextCondition FrozenText::Encode(const torch::Tensor& captions, const torch::Tensor& lengths) {
  torch::NoGradGuard no_grad;
  const auto features = encoder_->forward(captions, lengths);
  return {features.words * scale_, features.sentence * scale_, losses::PaddingOf(lengths, captions.size(1))};
}

FrozenDamsm::FrozenDamsm(const RecipeOptions& options, const PretrainedWeights& weights)
    : options_(options), encoder_(MakeImageEncoder(options)) {
  LoadPretrained(*encoder_, weights.damsm, "image_encoder.", weights.random, "--damsm");
  nn::Freeze(*encoder_);
}

LossTerms FrozenDamsm::Terms(const torch::Tensor& fake, const TextCondition& text, const dataio::Batch& batch,
                             double weight, const losses::BatchScope& scope) {
  const auto image = encoder_->forward(fake);
  const auto classes = options_.class_masks ? batch.classes : torch::Tensor();
  return losses::DamsmLoss(image.regions, image.code, text.words / options_.text_scale,
                           text.sentence / options_.text_scale, batch.caption_lengths, classes,
                           {.gamma1 = options_.gamma1, .gamma2 = options_.gamma2, .gamma3 = options_.gamma3},
                           weight, scope);
}

}  // namespace helio::recipes
