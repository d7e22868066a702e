#pragma once
#include "src/recipes/parts.h"

namespace helio::recipes {

// DAMSM (AttnGAN section 3.2): text and image encoder drawn together. Validation: 100-way retrieval, picture
// to caption.
class Damsm : public System {
 public:
  Damsm(const RecipeOptions& options, const Surroundings& surroundings);
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  LossTerms Terms(const BatchStep& step);

  torch::Tensor Dropout(const BatchStep& step) const;

  const RecipeOptions options_;
  GlobalBatch& negatives_;
  nn::TextEncoder text_encoder_{nullptr};
  nn::ImageEncoder image_encoder_{nullptr};
};

}  // namespace helio::recipes
