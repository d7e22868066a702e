#pragma once
#include <memory>
#include <string>

#include "src/nn/captioner.h"
#include "src/nn/image_encoder.h"
#include "src/nn/module.h"
#include "src/nn/text_encoder.h"
#include "src/recipes/options.h"
#include "src/recipes/registry.h"
#include "src/recipes/text_to_image.h"

// Frozen and pretrained networks that several recipes are put together from.
namespace helio::recipes {

// Parameters (no buffers) of a module under `prefix`.
NamedTensors ParametersOf(const torch::nn::Module& module, const std::string& prefix);
void Append(NamedTensors& to, const NamedTensors& from);
// Those of `tensors` whose name begins with `prefix`, which is cut off.
NamedTensors WithoutPrefix(const NamedTensors& tensors, const std::string& prefix);

nn::TextEncoder MakeTextEncoder(const RecipeOptions& options);
nn::ImageEncoder MakeImageEncoder(const RecipeOptions& options);

// Loads `module` from the tensors under `prefix`. Where there are none: keeps the seeded random weights if
// `random`, else throws Error{kUser} telling to pass `flag`.
void LoadPretrained(torch::nn::Module& module, const NamedTensors& weights, const std::string& prefix,
                    bool random, const std::string& flag);

// A frozen text encoder whose features are scaled constants.
class FrozenText {
 public:
  FrozenText(const RecipeOptions& options, const PretrainedWeights& weights);
  TextCondition Encode(const torch::Tensor& captions, const torch::Tensor& lengths);
  const nn::TextEncoder& encoder() const { return encoder_; }

 private:
  nn::TextEncoder encoder_{nullptr};
  double scale_;
};

// A frozen DAMSM image encoder as a loss on fakes, against *unscaled* text features.
class FrozenDamsm {
 public:
  FrozenDamsm(const RecipeOptions& options, const PretrainedWeights& weights);
  LossTerms Terms(const torch::Tensor& fake, const TextCondition& text, const dataio::Batch& batch,
                  double weight, const losses::BatchScope& scope);
  NamedTensors State() const { return StateOf(*encoder_, "image_encoder."); }

 private:
  const RecipeOptions options_;
  nn::ImageEncoder encoder_{nullptr};
};

}  // namespace helio::recipes
