#pragma once
#include "src/nn/module.h"
#include "src/recipes/parts.h"
#include "src/recipes/validation.h"

namespace helio::recipes {

// A recipe with one phase whose product is a file of weights for the GANs, judged on held-out batches.
class Pretraining : public Recipe {
 public:
  void Prepare(const dataio::Batch& batch, const StepContext& context) override;
  virtual std::unique_ptr<Validation> MakeValidation() = 0;

 protected:
  // The one round of a pretraining.
  std::vector<Round> OneRound(const std::string& phase, NamedTensors parameters, const RecipeOptions& options,
                              std::function<LossTerms()> loss);
  const dataio::Batch& batch() const { return *batch_; }
  const StepContext& context() const { return context_; }

 private:
  const dataio::Batch* batch_ = nullptr;
  StepContext context_;
};

// DAMSM (AttnGAN section 3.2): text and image encoder drawn together. Validation: 100-way retrieval, picture
// to caption.
class Damsm : public Pretraining {
 public:
  Damsm(const RecipeOptions& options, const RecipeContext& context);
  std::vector<Round> Rounds() override;
  void Prepare(const dataio::Batch& batch, const StepContext& context) override;
  NamedTensors State() const override;
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  LossTerms Terms();

  const RecipeOptions options_;
  GlobalBatch& negatives_;
  nn::TextEncoder text_encoder_{nullptr};
  nn::ImageEncoder image_encoder_{nullptr};
};

// STREAM's captioner. Validation: perplexity, and cross-entropy on the wrong picture: where that is hardly
// worse, the captioner does not look at the picture and STREAM is useless.
class Captioner : public Pretraining {
 public:
  Captioner(const RecipeOptions& options, const RecipeContext& context);
  std::vector<Round> Rounds() override;
  void Prepare(const dataio::Batch& batch, const StepContext& context) override;
  NamedTensors State() const override;
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  LossTerms Terms();

  const RecipeOptions options_;
  GlobalBatch& batch_stats_;
  nn::CaptionEncoder encoder_{nullptr};
  nn::CaptionDecoder decoder_{nullptr};
};

// The classifier behind the Inception Score. Validation: accuracy (on held-out classes of a class-disjoint
// split it means nothing; there the training classes are used).
class ImageClassifier : public Pretraining {
 public:
  ImageClassifier(const RecipeOptions& options, const RecipeContext& context);
  std::vector<Round> Rounds() override;
  NamedTensors State() const override { return StateOf(*classifier_, "classifier."); }
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  LossTerms Terms();

  const RecipeOptions options_;
  GlobalBatch& batch_stats_;
  nn::Classifier classifier_{nullptr};
};

// A pretraining's trunk starts from a classifier's, if one was given.
void StartFromClassifier(nn::ImageTrunk& trunk, const NamedTensors& classifier);

}  // namespace helio::recipes
