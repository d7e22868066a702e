#pragma once
#include <memory>
#include <string>

#include "src/losses/damsm.h"
#include "src/nn/captioner.h"
#include "src/nn/image_encoder.h"
#include "src/nn/module.h"
#include "src/nn/text_encoder.h"
#include "src/recipes/options.h"
#include "src/recipes/phases.h"
#include "src/recipes/registry.h"

// Frozen and pretrained networks that several recipes are put together from.
namespace helio::recipes {

// What the generator knows of the captions. Constants: no gradient flows into the frozen text encoder.
struct TextCondition {
  torch::Tensor words;     // {B, embedding, words}, zero beyond a caption's end
  torch::Tensor sentence;  // {B, embedding}
  torch::Tensor padding;   // {B, words} bool, true beyond a caption's end
};

// The published name of a stage's discriminator: "netD0".
std::string DiscriminatorName(size_t stage);

// A module's parameters and buffers as a part: names begin with "NAME.".
Part PartOf(const std::string& name, Role role, const torch::nn::Module& module);

nn::TextEncoder MakeTextEncoder(const TextEncoderOptions& options, int64_t vocabulary);
// Features of as many dimensions as the text encoder's.
nn::ImageEncoder MakeImageEncoder(const ImageTrunkOptions& options, const TextEncoderOptions& text);

// Loads `module` from the tensors under `prefix` of the weights that play `role`. Where there are none: keeps
// the seeded random weights if weights.random, else throws Error{kUser} that names --ROLE.
void LoadPretrained(torch::nn::Module& module, const PretrainedWeights& weights, const std::string& role,
                    const std::string& prefix);

// Throws Error{kUser}: the file of --classifier lacks that tensor ("classifier.*"), so that it is of
// something else.
[[noreturn]] void ThrowNoClassifier(const std::string& tensor);

// A trunk starts from a classifier's, if one was given. Throws as ThrowNoClassifier.
void StartFromClassifier(nn::ImageTrunk& trunk, const PretrainedWeights& weights);

// The one round of one phase of a pretraining: what of `parts` takes gradients.
std::vector<Round> OneRound(const std::string& phase, const std::vector<Part>& parts,
                            const PretrainingOptions& options, std::function<LossTerms(BatchStep&)> loss);

// A frozen text encoder whose features are scaled constants.
class FrozenText {
 public:
  FrozenText(const FrozenTextOptions& options, const Surroundings& surroundings);
  // captions {B, words} int64 on the networks' device, lengths {B} int64 on the host.
  TextCondition Encode(const torch::Tensor& captions, const torch::Tensor& lengths);
  // Of a step's captions, the first domain's.
  TextCondition Encode(const dataio::Batch& batch, const StepContext& context);
  // Of a prompt, on `device`; where it asks for it, what lies between two captions.
  TextCondition Encode(const Prompt& prompt, torch::Device device);
  const nn::TextEncoder& encoder() const { return encoder_; }

 private:
  nn::TextEncoder encoder_{nullptr};
  double scale_;
};

// STREAM's captioner (MirrorGAN section 3.3), frozen.
struct FrozenCaptioner {
  FrozenCaptioner(const CaptionerOptions& options, const Surroundings& surroundings);
  void AddParts(std::vector<Part>& parts) const;  // both networks, under their published names

  nn::CaptionEncoder encoder{nullptr};
  nn::CaptionDecoder decoder{nullptr};
};

// A frozen DAMSM image encoder as a loss on fakes, against *unscaled* text features.
class FrozenDamsm {
 public:
  // `text`: of the text encoder whose features it is compared with.
  FrozenDamsm(const DamsmImageOptions& options, const FrozenTextOptions& text,
              const Surroundings& surroundings);
  // losses::DamsmLoss of fakes {b, 3, s, s} in [-1, 1] and their scaled text. Differentiable in `fake`.
  // Collective where `scope` is of several ranks.
  LossTerms Terms(const torch::Tensor& fake, const TextCondition& text, const dataio::Domain& data,
                  double weight, const losses::BatchScope& scope);
  Part AsPart() const { return PartOf("image_encoder", Role::kFrozen, *encoder_); }

 private:
  const losses::DamsmOptions options_;
  const bool class_masks_;
  const double text_scale_;
  nn::ImageEncoder encoder_{nullptr};
};

}  // namespace helio::recipes
