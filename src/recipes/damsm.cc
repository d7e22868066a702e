#include "src/losses/damsm.h"

#include "src/base/noise.h"
#include "src/base/to_device.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"
#include "src/recipes/pretrainings.h"
#include "src/recipes/retrieval.h"

namespace helio::recipes {
namespace {

// Picture to caption among the batch's captions (100 a batch), by cosine of the global codes.
class Retrieval : public Validation {
 public:
  Retrieval(nn::TextEncoder text, nn::ImageEncoder image)
      : text_(std::move(text)), image_(std::move(image)) {}

  torch::Tensor Consume(const dataio::Batch& batch) override {
    torch::NoGradGuard no_grad;
    const nn::ScopedMode text(*text_, /*training=*/false), image(*image_, /*training=*/false);
    const auto sentence = text_->forward(batch.data().captions, batch.data().caption_lengths).sentence;
    const auto code = image_->forward(batch.data().images.back()).code;
    const auto unit = [](const torch::Tensor& rows) { return rows / rows.norm(2, 1, true).clamp_min(1e-12); };
    const auto cosines = torch::matmul(unit(code), unit(sentence).t());
    return RetrievalHits(cosines, cosines.diagonal().unsqueeze(1));
  }

  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override {
    return RetrievalScores("retrieval", sums);
  }
  bool higher_is_better() const override { return true; }
  std::vector<std::string> names() const override { return RetrievalNames("retrieval"); }

 private:
  nn::TextEncoder text_;
  nn::ImageEncoder image_;
};

// DAMSM (AttnGAN section 3.2): text and image encoder drawn together. Validation: 100-way retrieval, picture
// to caption.
class Damsm : public System {
 public:
  Damsm(const DamsmOptions& options, const Surroundings& surroundings)
      : options_(options),
        class_masks_(options.class_masks && surroundings.data.classes > 0),
        loss_scope_(surroundings.loss_scope),
        text_encoder_(MakeTextEncoder(options, surroundings.data.vocabulary)),
        image_encoder_(MakeImageEncoder(options, options)) {
    StartFromClassifier(image_encoder_->trunk(), surroundings.weights);
    nn::UseGlobalBatch(*image_encoder_, &surroundings.norm_scope);
    if (options.freeze_trunk)
      for (auto& parameter : image_encoder_->trunk().parameters()) parameter.set_requires_grad(false);
  }

  std::vector<dataio::DomainNeeds> Needs() const override {
    return {{.sides = {side()}, .words = options_.words}};
  }

  std::vector<Part> Parts() const override {
    return {PartOf("text_encoder", Role::kTrained, *text_encoder_),
            PartOf("image_encoder", Role::kTrained, *image_encoder_)};
  }

  std::vector<Round> Rounds() override {
    auto rounds = OneRound("damsm", Parts(), options_, [this](const BatchStep& step) { return Terms(step); });
    // Only the text encoder's gradient is clipped, as published.
    rounds[0][0].optimizer.clip_norm = options_.clip_norm;
    rounds[0][0].optimizer.clip_prefix = "text_encoder.";
    rounds[0][0].optimizer.reset_each_epoch = options_.released();
    return rounds;
  }

  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override {
    // The released code leaves the frozen trunk in training mode, so that its batch-norm statistics drift.
    if (options_.freeze_trunk && !options_.released()) image_encoder_->trunk().eval();
    return std::make_unique<BatchStep>(batch, context);
  }

  std::unique_ptr<Validation> MakeValidation() override {
    return std::make_unique<Retrieval>(text_encoder_, image_encoder_);
  }

 private:
  int64_t side() const { return options_.crop_side > 0 ? options_.crop_side : options_.sides().back(); }

  // What the word vectors are multiplied by; undefined without dropout.
  torch::Tensor Dropout(const BatchStep& step) const {
    if (options_.text_dropout == 0) return {};
    const auto& context = step.context;
    const auto draw = UniformRows(RandomKey(context.seed, "text_dropout", {context.step}), step.batch.rows,
                                  {options_.words, options_.word_vector}, context.dtype);
    return ToDevice(draw.ge(options_.text_dropout).to(context.dtype) / (1 - options_.text_dropout),
                    context.device);
  }

  LossTerms Terms(const BatchStep& step) {
    const auto& data = step.data;
    const auto text = text_encoder_->forward(data.captions, data.caption_lengths, Dropout(step));
    const auto image = image_encoder_->forward(data.images.back());
    return losses::DamsmLoss(
        {.regions = image.regions,
         .code = image.code,
         .words = text.words,
         .sentence = text.sentence,
         .lengths = data.caption_lengths,
         .classes = class_masks_ ? data.classes : torch::Tensor()},
        {.gamma1 = options_.gamma1, .gamma2 = options_.gamma2, .gamma3 = options_.gamma3}, 1,
        losses::ScopeOf(loss_scope_, step.batch.rows));
  }

  const DamsmOptions options_;
  const bool class_masks_;
  GlobalBatch& loss_scope_;
  nn::TextEncoder text_encoder_{nullptr};
  nn::ImageEncoder image_encoder_{nullptr};
};

}  // namespace

void DamsmOptions::Declare(OptionList& list) {
  PictureOptions::Declare(list);
  CaptionOptions::Declare(list);
  TextEncoderOptions::Declare(list);
  DamsmImageOptions::Declare(list);
  FidelityOptions::Declare(list);
  PretrainingOptions::Declare(list);
  list.Group("Shapes");
  list.Add(
      "crop_side", &crop_side, Between(0, 4096),
      "DAMSM: side of the crops that it is trained on (published: 299, of pictures packed with --side=355); "
      "0: the last stage's");
  list.Group("Optimizers");
  list.Add("text_dropout", &text_dropout, Between(0, 0.99), "DAMSM: dropout of word vectors");
  list.Add("clip_norm", &clip_norm, AtLeast(0),
           "DAMSM: gradient norm of the text encoder is cut to it (0: never)");
}

std::unique_ptr<System> MakeDamsm(const DamsmOptions& options, const Surroundings& surroundings) {
  return std::make_unique<Damsm>(options, surroundings);
}

}  // namespace helio::recipes
