#include "src/base/error.h"
#include "src/recipes/pretraining.h"

namespace helio::recipes {
namespace {

class Accuracy : public Validation {
 public:
  explicit Accuracy(nn::Classifier classifier) : classifier_(std::move(classifier)) {}

  torch::Tensor Consume(const dataio::Batch& batch, const StepContext&) override {
    torch::NoGradGuard no_grad;
    classifier_->eval();
    const auto logits = classifier_->forward(batch.images.back());
    classifier_->train();
    return torch::stack({logits.argmax(1).eq(batch.classes).sum(), torch::tensor(logits.size(0))})
        .to(torch::kFloat64);
  }
  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override {
    return {{"accuracy", (sums[0] / sums[1]).item<double>()}};
  }
  bool higher_is_better() const override { return true; }

 private:
  nn::Classifier classifier_;
};

}  // namespace

ImageClassifier::ImageClassifier(const RecipeOptions& options, const RecipeContext& context)
    : options_(options), batch_stats_(context.batch) {
  if (options.classes < 2) ThrowUser("the data set has no classes", "--data", "a classifier needs them");
  classifier_ = nn::Classifier(nn::MakeImageTrunk(options.image_trunk, "--image_trunk"), options.classes);
  nn::UseGlobalBatch(*classifier_, &context.batch);
}

std::vector<Round> ImageClassifier::Rounds() {
  return OneRound("classifier", State(), options_, [this] { return Terms(); });
}

LossTerms ImageClassifier::Terms() {
  const auto logits = classifier_->forward(batch().images.back());
  const auto per_row = torch::cross_entropy_loss(logits, batch().classes, {}, at::Reduction::None);
  return {
      {"cross_entropy", losses::BatchScope{batch_stats_, batch().rows}.Mean(per_row, batch().rows.global)}};
}

std::unique_ptr<Validation> ImageClassifier::MakeValidation() {
  return std::make_unique<Accuracy>(classifier_);
}

}  // namespace helio::recipes
