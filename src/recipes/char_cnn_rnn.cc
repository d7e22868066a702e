#include "src/nn/char_cnn_rnn.h"

#include "src/base/characters.h"
#include "src/base/error.h"
#include "src/losses/joint_embedding.h"
#include "src/nn/freeze.h"
#include "src/nn/init.h"
#include "src/recipes/parts.h"
#include "src/recipes/pretrainings.h"
#include "src/recipes/retrieval.h"

namespace helio::recipes {
namespace {

constexpr char kPart[] = "char_cnn_rnn";

// The frozen trunk whose features captions are to match: a classifier's.
std::shared_ptr<nn::ImageTrunk> FrozenTrunk(const CharCnnRnnTrainingOptions& options,
                                            const PretrainedWeights& weights) {
  auto trunk = nn::MakeImageTrunk(options.image_trunk, "--image_trunk");
  if (weights.Of("classifier").empty() && !weights.random)
    ThrowUser("its trunk's features are what captions are to match", "--classifier",
              "pass best.safetensors of helio-pretrain --recipe=classifier, or --random_frozen for a trial");
  StartFromClassifier(*trunk, weights);
  nn::Freeze(*trunk);
  return trunk;
}

// What to match with captions, and the embeddings of these: a row each.
struct Matches {
  torch::Tensor queries, sentences;
};
using Embed = std::function<Matches(const dataio::Domain&)>;

// Of a batch's classes, which one's captions (their mean embedding) match a picture best: the zero-shot
// classification of the paper, among the classes of a batch. Rows of sets without classes are a class each.
class ClassRetrieval : public Validation {
 public:
  explicit ClassRetrieval(Embed embed) : embed_(std::move(embed)) {}

  torch::Tensor Consume(const dataio::Batch& batch) override {
    const torch::NoGradGuard no_grad;
    const auto [queries, sentences] = embed_(batch.data());
    // On the host: how many classes there are decides shapes.
    const auto host =
        std::get<1>(at::_unique2(batch.data().classes.cpu(), /*sorted=*/true, /*inverse=*/true));
    const auto place = host.to(sentences.device());
    const auto members =
        torch::one_hot(host).to(sentences.device(), sentences.scalar_type());  // {B, classes}
    const auto means = torch::matmul(members.t(), sentences) / members.sum(0).unsqueeze(1);
    const auto scores = torch::matmul(queries, means.t());
    return RetrievalHits(scores, scores.gather(1, place.unsqueeze(1)));
  }

  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override {
    return RetrievalScores("class_retrieval", sums, "among the classes of a batch of evaluation");
  }
  bool higher_is_better() const override { return true; }
  std::vector<std::string> names() const override { return RetrievalNames("class_retrieval"); }

 private:
  const Embed embed_;
};

constexpr Named<nn::CharRecurrence> kCharRecurrences[] = {{nn::CharRecurrence::kGru18, "gru18"},
                                                          {nn::CharRecurrence::kRelu8, "rnn8"}};
constexpr Named<AdamOptions::Rule> kOptimizers[] = {{AdamOptions::Rule::kRmsProp, "rmsprop"},
                                                    {AdamOptions::Rule::kTorch7, "adam"}};

class CharCnnRnnTraining : public System {
 public:
  CharCnnRnnTraining(const CharCnnRnnTrainingOptions& options, const Surroundings& surroundings)
      : options_(options), loss_scope_(surroundings.loss_scope) {
    if (sees_pictures()) trunk_ = FrozenTrunk(options, surroundings.weights);
    encoder_ = nn::CharCnnRnn(
        nn::CharCnnRnnOptions{.conv1 = options.char_conv1,
                              .conv2 = options.char_conv2,
                              .conv3 = options.char_width,
                              .embedding = trunk_ ? trunk_->pooled_channels() : options.char_embedding,
                              .recurrence = options.char_rnn});
    if (sees_pictures())
      nn::InitializeUniform(*encoder_, surroundings.seed, 0.08);
    else
      nn::InitializeTorch7(*encoder_, surroundings.seed);  // main_txt_coco.lua, weights_init
  }

  std::vector<dataio::DomainNeeds> Needs() const override {
    dataio::DomainNeeds needs{.sides = {options_.sides().back()}, .captions = false};
    needs.order = sees_pictures() ? dataio::Order::kDistinctClasses : dataio::Order::kDrawn;
    needs.characters = kCharacterPlaces;
    needs.character_captions = sees_pictures() ? 1 : 2;
    return {needs};
  }

  std::vector<Part> Parts() const override {
    std::vector<Part> parts{PartOf(kPart, Role::kTrained, *encoder_)};
    if (trunk_) parts.push_back(PartOf("image_trunk", Role::kFrozen, *trunk_));
    return parts;
  }

  std::vector<Round> Rounds() override {
    Phase phase;
    phase.name = kPart;
    phase.parameters = ParametersOf(*encoder_, std::string(kPart) + ".");
    phase.optimizer = Optimizer();
    phase.rate = [decay = options_.rate_decay, every = options_.rate_decay_steps,
                  from_captions = !sees_pictures()](const StepContext& context) {
      // main_txt_coco.lua lowers the rate as an epoch begins whose number, from 1, is a multiple.
      const int64_t ahead = from_captions ? context.steps_per_epoch : 0;
      return std::pow(decay, static_cast<double>((context.step + ahead) / every));
    };
    phase.loss = LossOf<BatchStep>([this](auto& step) { return Terms(step); });
    return {{std::move(phase)}};
  }

  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override {
    return std::make_unique<BatchStep>(batch, context);
  }

  std::unique_ptr<Validation> MakeValidation() override {
    return std::make_unique<ClassRetrieval>([this](const dataio::Domain& data) { return Embedded(data); });
  }

 private:
  bool sees_pictures() const { return options_.matches == CaptionMatch::kPictures; }

  OptimizerOptions Optimizer() const {
    OptimizerOptions optimizer;
    optimizer.learning_rate = options_.rate;
    optimizer.rule = options_.optimizer;
    if (optimizer.rule == AdamOptions::Rule::kRmsProp) {
      optimizer.beta1 = 0;
      optimizer.beta2 = 0.99;
    } else {
      optimizer.beta1 = 0.5;
    }
    return optimizer;
  }

  // A picture and its caption, or of one picture the second caption and the first.
  Matches Embedded(const dataio::Domain& data) {
    const auto first = encoder_->forward(data.characters.select(1, 0));
    if (!sees_pictures()) return {encoder_->forward(data.characters.select(1, 1)), first};
    const torch::NoGradGuard no_grad;
    return {trunk_->forward(data.images.back()).pooled, first};
  }

  LossTerms Terms(const BatchStep& step) {
    const auto scope = losses::ScopeOf(loss_scope_, step.batch.rows);
    const auto [queries, sentences] = Embedded(step.data);
    if (!sees_pictures()) return {{"caption_pair", losses::JointEmbedding(queries, sentences, scope)}};
    return {{"picture_to_text", losses::JointEmbedding(queries, sentences, scope)},
            {"text_to_picture", losses::JointEmbedding(sentences, queries, scope)}};
  }

  const CharCnnRnnTrainingOptions options_;
  GlobalBatch& loss_scope_;
  std::shared_ptr<nn::ImageTrunk> trunk_;  // of those that match pictures
  nn::CharCnnRnn encoder_{nullptr};
};

}  // namespace

void CharCnnRnnTrainingOptions::Declare(OptionList& list) {
  PictureOptions::Declare(list);
  ImageTrunkOptions::Declare(list);
  list.Group("Shapes");
  list.Add(
      "char_rnn", &char_rnn, kCharRecurrences,
      "char-CNN-RNN: two poolings and a GRU over 18 steps (birds, COCO), or three and a plain recurrence "
      "over 8 (flowers)");
  list.Add("char_conv1", &char_conv1, Between(1, kWidest), "char-CNN-RNN: channels of the first convolution");
  list.Add("char_conv2", &char_conv2, Between(1, kWidest),
           "char-CNN-RNN: channels of the second convolution");
  list.Add("char_width", &char_width, Between(1, kWidest),
           "char-CNN-RNN: channels of the third, and states of the recurrence");
  list.Add(
      "char_embedding", &char_embedding, Between(1, kWidest),
      "char-CNN-RNN: dimensions of an embedding with --matches=captions; else they are those of the image "
      "trunk's features");
  list.Group("Losses");
  list.Add("matches", &matches, kCaptionMatches,
           "char-CNN-RNN: captions learn to match their pictures' features, or another caption (COCO)");
  list.Group("Optimizers");
  list.Add("optimizer", &optimizer, kOptimizers, "char-CNN-RNN: RMSprop (0.99) or Adam");
  list.Add("rate", &rate, AtLeast(0), "Learning rate of a pretraining");
  list.Add("rate_decay", &rate_decay, Between(0, 1),
           "char-CNN-RNN: the rate is multiplied by it each --rate_decay_steps");
  list.Add("rate_decay_steps", &rate_decay_steps, AtLeast(1),
           "char-CNN-RNN: steps; as published as many as there are classes");
}

std::unique_ptr<System> MakeCharCnnRnn(const CharCnnRnnTrainingOptions& options,
                                       const Surroundings& surroundings) {
  return std::make_unique<CharCnnRnnTraining>(options, surroundings);
}

}  // namespace helio::recipes
