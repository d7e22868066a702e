#pragma once
#include "src/recipes/translator.h"
#include "src/recipes/validation.h"

namespace helio::recipes {

// How near translations come to the true counterparts of held-out pictures, where those are known, beside
// what leaving the picture as it is would give ("copy"). For each direction the mean absolute differences of
// values in [0, 1], lower is better: `l1` of pixels; `colour` of the mean colours of 8 x 8 fields, which says
// nothing about contours. The first score, `l1`, is the mean over the directions.
class TranslationScore : public Validation {
 public:
  explicit TranslationScore(std::unique_ptr<Translator> translator) : translator_(std::move(translator)) {}
  torch::Tensor Consume(const dataio::Batch& batch) override;
  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override;
  std::vector<std::string> names() const override;
  bool higher_is_better() const override { return false; }
  bool on_counterparts() const override { return true; }

 private:
  const std::unique_ptr<Translator> translator_;
};

}  // namespace helio::recipes
