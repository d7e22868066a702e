#pragma once
#include "src/recipes/parts.h"

namespace helio::recipes {

// STREAM's captioner. Validation: perplexity, and cross-entropy on the wrong picture: where that is hardly
// worse, the captioner does not look at the picture and STREAM is useless.
class Captioner : public System {
 public:
  Captioner(const RecipeOptions& options, const Surroundings& surroundings);
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  LossTerms Terms(const BatchStep& step);

  const RecipeOptions options_;
  GlobalBatch& batch_;
  nn::CaptionEncoder encoder_{nullptr};
  nn::CaptionDecoder decoder_{nullptr};
};

}  // namespace helio::recipes
