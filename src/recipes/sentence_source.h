#pragma once
#include <memory>
#include <vector>

#include "src/recipes/parts.h"

namespace helio::recipes {

// Sentence vectors {B, size()} for a system that conditions on one: constants, from embeddings beside the
// shards, or from a frozen DAMSM text encoder.
class SentenceSource {
 public:
  // Throws Error{kUser} where the data set has no embeddings and those are asked for.
  SentenceSource(const SentenceOptions& options, const Surroundings& surroundings);

  int64_t size() const { return size_; }
  // What it reads of a batch.
  void AddNeeds(dataio::DomainNeeds& needs) const;
  // The encoder, if there is one.
  void AddParts(std::vector<Part>& parts) const;

  torch::Tensor Of(const dataio::Domain& data);
  // Of a step, the first domain's.
  torch::Tensor Of(const dataio::Batch& batch, const StepContext& context);
  // On `device`. Throws Error{kUser} where the prompt is words and embeddings are asked for.
  torch::Tensor Of(const Prompt& prompt, torch::Device device);

 private:
  const SentenceOptions options_;
  std::unique_ptr<FrozenText> encoder_;  // of "damsm"
  int64_t size_;
};

}  // namespace helio::recipes
