#pragma once
#include "src/recipes/parts.h"

namespace helio::recipes {

// The classifier behind the Inception Score. Validation: accuracy on training rows (on held-out classes of a
// class-disjoint split it means nothing).
class ImageClassifier : public System {
 public:
  ImageClassifier(const RecipeOptions& options, const Surroundings& surroundings);
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  LossTerms Terms(const BatchStep& step);

  const RecipeOptions options_;
  GlobalBatch& batch_;
  nn::Classifier classifier_{nullptr};
};

}  // namespace helio::recipes
