#include "src/base/error.h"
#include "src/base/finite.h"
#include "src/base/precision.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"
#include "src/recipes/pretrainings.h"

namespace helio::recipes {
namespace {

class Accuracy : public Validation {
 public:
  explicit Accuracy(nn::Classifier classifier) : classifier_(std::move(classifier)) {}

  torch::Tensor Consume(const dataio::Batch& batch) override {
    torch::NoGradGuard no_grad;
    const nn::ScopedMode evaluation(*classifier_, /*training=*/false);
    const auto& data = batch.data();
    const auto logits = classifier_->forward(data.images.back());
    const auto right = logits.argmax(1).eq(data.classes);
    return torch::stack({right.sum(), torch::ones_like(data.classes).sum()}).to(torch::kFloat64) *
           OneIfFinite(logits);
  }
  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override {
    return {{"accuracy", (sums[0] / sums[1]).item<double>()}};
  }
  bool higher_is_better() const override { return true; }
  std::vector<std::string> names() const override { return {"accuracy"}; }
  bool on_training_rows() const override { return true; }

 private:
  nn::Classifier classifier_;
};

// The classifier behind the Inception Score. Validation: accuracy on the rows that it learns (on held-out
// classes of a class-disjoint split it means nothing).
class ImageClassifier : public System {
 public:
  ImageClassifier(const ClassifierOptions& options, const Surroundings& surroundings)
      : options_(options), loss_scope_(surroundings.loss_scope) {
    const int64_t classes = surroundings.data.classes;
    if (classes < 2) ThrowUser("the data set has no classes", "--data", "a classifier needs them");
    classifier_ = nn::Classifier(nn::MakeImageTrunk(options.image_trunk, "--image_trunk"), classes);
    nn::UseGlobalBatch(*classifier_, &surroundings.norm_scope);
  }

  // It reads no captions, but their lengths order a batch's rows, as in every other training.
  std::vector<dataio::DomainNeeds> Needs() const override {
    return {{.sides = {options_.sides().back()},
             .words = options_.words,
             .captions = false,
             .split = options_.split}};
  }

  std::vector<Part> Parts() const override { return {PartOf("classifier", Role::kTrained, *classifier_)}; }

  std::vector<Round> Rounds() override {
    return OneRound("classifier", Parts(), options_, [this](const BatchStep& step) { return Terms(step); });
  }

  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override {
    return std::make_unique<BatchStep>(batch, context);
  }

  std::unique_ptr<Validation> MakeValidation() override { return std::make_unique<Accuracy>(classifier_); }

 private:
  LossTerms Terms(const BatchStep& step) {
    const auto scope = losses::ScopeOf(loss_scope_, step.batch.rows);
    const auto logits = Exact(classifier_->forward(step.data.images.back()));
    const FullPrecision full;
    const auto per_row = torch::cross_entropy_loss(logits, step.data.classes, {}, at::Reduction::None);
    return {{"cross_entropy", scope.Mean(per_row, scope.rows.global)}};
  }

  const ClassifierOptions options_;
  GlobalBatch& loss_scope_;
  nn::Classifier classifier_{nullptr};
};

}  // namespace

void ClassifierOptions::Declare(OptionList& list) {
  PictureOptions::Declare(list);
  CaptionOptions::Declare(list);
  ImageTrunkOptions::Declare(list);
  PretrainingOptions::Declare(list);
  list.Group("What is trained");
  list.Add("split", &split, OneOf({"train", "test"}),
           "Split whose pictures and classes are learned. test: as CUB's published judge, which is for "
           "scores alone: nothing that is trained may begin with it");
}

std::unique_ptr<System> MakeClassifier(const ClassifierOptions& options, const Surroundings& surroundings) {
  return std::make_unique<ImageClassifier>(options, surroundings);
}

}  // namespace helio::recipes
