#pragma once
#include <vector>

#include "src/nn/module.h"
#include "src/recipes/recipe.h"

namespace helio::recipes {

// What the generator knows of the captions. Constants: no gradient flows into the frozen text encoder.
struct TextCondition {
  torch::Tensor words;     // {B, embedding, words}, zero beyond a caption's end
  torch::Tensor sentence;  // {B, embedding}
  torch::Tensor padding;   // {B, words} bool, true beyond a caption's end
};

// Pictures of captions, as evaluators, sample grids and helio-generate need them.
struct Pictures {
  std::vector<torch::Tensor> images;  // a stage each, smallest first: {B, 3, s, s} in [-1, 1]
  std::vector<torch::Tensor>
      attention;  // word attention of refining stages: {B, words, s', s'}, sums to 1 over words
};

// A recipe whose product draws pictures of sentences. What it adds is for evaluation: no gradient, networks
// in evaluation mode.
class TextToImage : public Recipe {
 public:
  // Features of padded captions {B, words} with lengths {B} (any order), already scaled.
  virtual TextCondition Encode(const torch::Tensor& captions, const torch::Tensor& lengths) = 0;

  // One picture a row, from noise {B, z} and conditioning noise {B, condition}. Local, whatever the number of
  // ranks.
  virtual Pictures Draw(const TextCondition& text, const torch::Tensor& noise,
                        const torch::Tensor& condition_noise) = 0;

  // Re-estimates the generator's batch-norm statistics as the plain average over `batches` of conditions: an
  // averaged (EMA) generator has other activations than the live one. Not collective: every rank must pass
  // the same batches.
  virtual void ReestimateBatchNorm(const std::vector<TextCondition>& batches, uint64_t seed) = 0;

  // The generator: what EMA averages and helio-export writes.
  virtual torch::nn::Module& generator() = 0;
  virtual int64_t noise_size() const = 0;
  virtual int64_t condition_size() const = 0;
};

}  // namespace helio::recipes
