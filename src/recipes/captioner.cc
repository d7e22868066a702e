#include "src/losses/caption.h"
#include "src/losses/damsm.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"
#include "src/recipes/pretrainings.h"

namespace helio::recipes {
namespace {

// Cross-entropy a word on the right picture and on the picture of the next row.
class CaptionValidation : public Validation {
 public:
  CaptionValidation(nn::CaptionEncoder encoder, nn::CaptionDecoder decoder)
      : encoder_(std::move(encoder)), decoder_(std::move(decoder)) {}

  torch::Tensor Consume(const dataio::Batch& batch) override {
    torch::NoGradGuard no_grad;
    const nn::ScopedMode evaluation(*encoder_, /*training=*/false);
    const auto code = encoder_->forward(batch.data().images.back());
    const auto right = SummedEntropy(code, batch.data()),
               wrong = SummedEntropy(code.roll(1, 0), batch.data());
    return torch::stack({right, wrong, batch.data().caption_lengths.sum().to(right.device(), right.dtype())})
        .to(torch::kFloat64);
  }

  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override {
    const double right = (sums[0] / sums[2]).item<double>(), wrong = (sums[1] / sums[2]).item<double>();
    return {{"cross_entropy", right},
            {"perplexity", std::exp(right)},
            {"wrong_image_cross_entropy", wrong, "", wrong - right < 0.1 ? Blindness(right, wrong) : ""}};
  }
  bool higher_is_better() const override { return false; }
  std::vector<std::string> names() const override {
    return {"cross_entropy", "perplexity", "wrong_image_cross_entropy"};
  }

 private:
  static std::string Blindness(double right, double wrong) {
    std::ostringstream text;
    text << "the captioner hardly looks at the picture (cross-entropy " << right << ", on the wrong picture "
         << wrong
         << "): as STREAM it would be useless; train it longer, or start it from a better trunk "
            "(--classifier)";
    return text.str();
  }

  torch::Tensor SummedEntropy(const torch::Tensor& code, const dataio::Domain& data) {
    const auto logits = decoder_->forward(code, data.captions);
    const auto targets = data.captions.masked_fill(
        losses::PaddingOf(data.caption_lengths, data.captions.size(1), data.captions.device()), -100);
    return torch::cross_entropy_loss(logits.flatten(0, 1), targets.flatten(), {}, at::Reduction::Sum);
  }

  nn::CaptionEncoder encoder_;
  nn::CaptionDecoder decoder_;
};

// STREAM's captioner. Validation: perplexity, and cross-entropy on the wrong picture: where that is hardly
// worse, the captioner does not look at the picture and STREAM is useless.
class Captioner : public System {
 public:
  Captioner(const CaptionerTrainingOptions& options, const Surroundings& surroundings)
      : options_(options), loss_scope_(surroundings.loss_scope) {
    encoder_ = nn::CaptionEncoder(nn::MakeImageTrunk(options.caption_trunk, "--caption_trunk"),
                                  options.caption_embedding);
    decoder_ =
        nn::CaptionDecoder(options.caption_embedding, options.caption_hidden, surroundings.data.vocabulary);
    StartFromClassifier(encoder_->trunk(), surroundings.weights);
    nn::UseGlobalBatch(*encoder_, &surroundings.norm_scope);
    if (options.freeze_trunk) nn::Freeze(encoder_->trunk());
  }

  std::vector<dataio::DomainNeeds> Needs() const override {
    return {{.sides = {options_.sides().back()}, .words = options_.words}};
  }

  std::vector<Part> Parts() const override {
    return {PartOf("caption_cnn", Role::kTrained, *encoder_),
            PartOf("caption_rnn", Role::kTrained, *decoder_)};
  }

  std::vector<Round> Rounds() override {
    return OneRound("captioner", Parts(), options_, [this](const BatchStep& step) { return Terms(step); });
  }

  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override {
    if (options_.freeze_trunk) encoder_->trunk().eval();
    return std::make_unique<BatchStep>(batch, context);
  }

  std::unique_ptr<Validation> MakeValidation() override {
    return std::make_unique<CaptionValidation>(encoder_, decoder_);
  }

 private:
  LossTerms Terms(const BatchStep& step) {
    const auto& data = step.data;
    const auto logits = decoder_->forward(encoder_->forward(data.images.back()), data.captions);
    return {{"caption", losses::CaptionLoss(logits, data.captions, data.caption_lengths,
                                            {loss_scope_, step.batch.rows})}};
  }

  const CaptionerTrainingOptions options_;
  GlobalBatch& loss_scope_;
  nn::CaptionEncoder encoder_{nullptr};
  nn::CaptionDecoder decoder_{nullptr};
};

}  // namespace

void CaptionerTrainingOptions::Declare(OptionList& list) {
  PictureOptions::Declare(list);
  CaptionOptions::Declare(list);
  CaptionerOptions::Declare(list);
  PretrainingOptions::Declare(list);
}

std::unique_ptr<System> MakeCaptioner(const CaptionerTrainingOptions& options,
                                      const Surroundings& surroundings) {
  return std::make_unique<Captioner>(options, surroundings);
}

}  // namespace helio::recipes
