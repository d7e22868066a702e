#include "src/eval/judges.h"

#include "dataio/sampler.h"
#include "src/base/random.h"
#include "src/eval/class_accuracy.h"
#include "src/eval/colour_binding.h"
#include "src/eval/image_tensor.h"
#include "src/eval/inception_score.h"
#include "src/eval/r_precision.h"
#include "src/eval/report.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"

namespace helio::eval {
namespace {

// Text features of the judge for padded captions, on the host.
TextFunction SentenceCode(nn::TextEncoder text, torch::Device device) {
  return [text, device](const torch::Tensor& captions, const torch::Tensor& lengths) mutable {
    torch::NoGradGuard no_grad;
    return text->forward(captions.to(device), lengths.to(device)).sentence.cpu();
  };
}

ImageFunction ImageCode(nn::ImageEncoder image, torch::Device device) {
  return [image, device](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return image->forward(images.to(device)).code.cpu();
  };
}

ImageFunction PooledFeatures(nn::Classifier classifier, torch::Device device) {
  return [classifier, device](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return classifier->Pooled(images.to(device));
  };
}

// Several scores look at the same batch: the network runs once. Keeps one batch alive.
ImageFunction Remembered(ImageFunction function) {
  struct Last {
    torch::Tensor images, result;
  };
  return [function, last = std::make_shared<Last>()](const torch::Tensor& images) {
    if (!last->images.defined() || !last->images.is_same(images)) *last = {images, function(images)};
    return last->result;
  };
}

ImageFunction ClassProbabilities(nn::Classifier classifier, ImageFunction pooled) {
  return [classifier, pooled](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return classifier->Probabilities(pooled(images)).cpu();
  };
}

// As the judge learns from it: crops of 64 shall be nearly all of it, also of pictures stored for larger
// sides.
dataio::Image JudgedPicture(const dataio::Dataset& dataset, int64_t row) {
  auto picture = dataset.Picture(row);
  return std::min(picture.width, picture.height) > kPartJudgeStored
             ? dataio::ResizeShortSide(picture, kPartJudgeStored)
             : picture;
}

// Pictures {N, 3, s, s} and part colours {N, parts} of up to `count` rows.
std::pair<torch::Tensor, torch::Tensor> PartExamples(const dataio::Dataset& dataset,
                                                     const ColourAttributes& attributes, int64_t count,
                                                     uint64_t seed) {
  std::vector<torch::Tensor> pictures, colours;
  const auto order = dataio::ShuffledRows(dataset.size(), RandomKey(seed, "part_judge"));
  for (int64_t i = 0; i < std::min(count, dataset.size()); ++i) {
    const int64_t row = order[static_cast<size_t>(i)];
    pictures.push_back(PixelsOf(JudgedPicture(dataset, row)));
    colours.push_back(attributes.Colours(dataset.Id(row)));
  }
  return {torch::stack(pictures), torch::stack(colours)};
}

void AddPartJudge(Judges& judges, const JudgeOptions& options, const dataio::Dataset& test) {
  const uint64_t seed = options.seed;
  judges.attributes = std::make_unique<ColourAttributes>(options.attributes);
  const auto [pictures, colours] = PartExamples(*options.train, *judges.attributes, 3000, seed);
  // Scenes have small parts, and many: things and counts come last.
  const int64_t steps = judges.attributes->parts().size() > 4 ? 1200 : 300;
  judges.parts = TrainPartJudge(pictures, colours, static_cast<int64_t>(judges.attributes->colours().size()),
                                {.steps = steps, .mirror = !judges.attributes->sided(), .seed = seed});
  const auto [held_out, truth] = PartExamples(test, *judges.attributes, 500, seed);
  judges.parts_accuracy = PartJudgeAccuracy(judges.parts, held_out, truth);
}

// Enough to tell judges apart in a protocol line.
std::string ShortDigest(const NamedTensors& weights) { return WeightsDigest(weights).substr(0, 12); }

void AddDamsm(Judges& judges, const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
              int64_t vocabulary) {
  judges.text = recipes::MakeTextEncoder(networks, vocabulary);
  judges.image = recipes::MakeImageEncoder(networks, networks);
  recipes::LoadPretrained(*judges.text, weights, "damsm", "text_encoder.");
  recipes::LoadPretrained(*judges.image, weights, "damsm", "image_encoder.");
  nn::Freeze(*judges.text);
  nn::Freeze(*judges.image);
  judges.text->to(judges.device);
  judges.image->to(judges.device);
  judges.damsm_digest = ShortDigest(weights.Of("damsm"));
}

// What the classifier's trunk sees, and what is read off it.
void Describe(Judges& judges, const std::string& trunk) {
  const auto protocol = judges.classifier->trunk().protocol();
  judges.trunk_protocol = (protocol.name.empty() ? "" : protocol.name + ": ") + "trunk " + trunk;
  const auto digest = ", pictures " + protocol.resizing + ", classifier " + judges.classifier_digest;
  judges.features_protocol = judges.trunk_protocol + " pooled" + digest;
  judges.probabilities_protocol =
      judges.trunk_protocol + (protocol.biased ? "" : " without the last bias") + digest;
}

void AddClassifier(Judges& judges, const JudgeNetworks& networks, const recipes::PretrainedWeights& weights) {
  const int64_t classes =
      FindTensor(weights.Of("classifier"), "classifier.fc.weight", "--classifier").size(0);
  const bool own = !networks.classifier_trunk.empty();
  const auto& trunk = own ? networks.classifier_trunk : networks.image_trunk;
  judges.classifier =
      nn::Classifier(nn::MakeImageTrunk(trunk, own ? "--classifier_trunk" : "--image_trunk"), classes);
  recipes::LoadPretrained(*judges.classifier, weights, "classifier", "classifier.");
  nn::Freeze(*judges.classifier);
  judges.classifier->to(judges.device);
  judges.classifier_digest = ShortDigest(weights.Of("classifier"));
  Describe(judges, trunk);
}

using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

void AddClassifierScores(const Judges& judges, const std::string& prefix, Evaluators& evaluators) {
  const auto pooled = Remembered(PooledFeatures(judges.classifier, judges.device));
  evaluators.push_back(std::make_unique<InceptionScore>(
      prefix + "inception_score", ClassProbabilities(judges.classifier, pooled),
      InceptionScoreOptions{.splits = judges.inception_splits, .judge = judges.probabilities_protocol}));
  // Of real pictures to themselves there is no distance.
  if (prefix.empty() && judges.distances.any())
    evaluators.push_back(std::make_unique<FeatureDistances>(
        "features", pooled,
        FeatureDistanceOptions{.choice = judges.distances, .judge = judges.features_protocol}));
}

std::unique_ptr<Evaluator> PartColours(const Judges& judges, const std::string& prefix) {
  ColourBindingOptions binding;
  binding.judge = "part judge, " + std::to_string(100 * judges.parts_accuracy).substr(0, 5) +
                  " % right on held-out drawings";
  binding.parts = judges.attributes->parts();
  binding.colours = judges.attributes->colours();
  return std::make_unique<ColourBinding>(
      prefix + "colour",
      [net = judges.parts](const torch::Tensor& images) { return JudgeParts(net, images.cpu()); },
      std::move(binding));
}

}  // namespace

void JudgeNetworks::Declare(OptionList& list) {
  TextEncoderOptions::Declare(list);
  ImageTrunkOptions::Declare(list);
  list.Add(
      "classifier_trunk", &classifier_trunk, AnyValue(),
      "Image trunk of the judging classifier, where it is not --image_trunk: inception_v3, inception_v3_tf, "
      "inception_v3_fid, resnet152, small");
}

Judges MakeJudges(const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                  const dataio::Dataset& test, const JudgeOptions& judge_options) {
  Judges judges;
  judges.device = judge_options.device;
  judges.inception_splits = judge_options.inception_splits;
  if (!weights.Of("damsm").empty()) AddDamsm(judges, networks, weights, test.vocabulary().size());
  if (!weights.Of("classifier").empty()) AddClassifier(judges, networks, weights);
  if (judges.classifier) judges.distances = judge_options.distances;
  if (!judge_options.attributes.empty() && judge_options.train != nullptr)
    AddPartJudge(judges, judge_options, test);
  return judges;
}

Judges MakePictureJudges(const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                         const JudgeOptions& judge_options) {
  Judges judges;
  judges.device = judge_options.device;
  judges.inception_splits = judge_options.inception_splits;
  judges.distances = judge_options.distances;
  AddClassifier(judges, networks, weights);
  return judges;
}

std::unique_ptr<Evaluator> MakeClassEvaluator(const Judges& judges, int64_t classes,
                                              const std::string& prefix) {
  if (judges.classifier->classes() != classes)
    ThrowUser("knows " + std::to_string(judges.classifier->classes()) + " classes, the system draws " +
                  std::to_string(classes),
              "--classifier",
              "a judge of the same classes: trained on the same data set (helio-pretrain "
              "--recipe=classifier), or like the system's own encoder of another one's");
  return std::make_unique<ClassAccuracy>(
      prefix + "class_accuracy",
      ClassProbabilities(judges.classifier, PooledFeatures(judges.classifier, judges.device)),
      "classifier " + judges.classifier_digest);
}

Evaluators MakeEvaluators(const Judges& judges, const dataio::Dataset& test, const std::string& prefix,
                          uint64_t seed) {
  Evaluators evaluators;
  ImageFunction code;
  const bool reads = judges.image && test.captions() > 0;
  if (reads) {
    code = Remembered(ImageCode(judges.image, judges.device));
    evaluators.push_back(std::make_unique<RPrecision>(
        prefix + "r_precision", code, SentenceCode(judges.text, judges.device),
        RPrecisionOptions{
            .seed = seed, .judge = "DAMSM " + judges.damsm_digest, .classed = test.has_classes()}));
  }
  if (judges.classifier) AddClassifierScores(judges, prefix, evaluators);
  if (judges.parts) evaluators.push_back(PartColours(judges, prefix));
  if (judges.parts && reads)
    evaluators.push_back(std::make_unique<ColourSwap>(
        prefix + "colour_swap", code, SentenceCode(judges.text, judges.device),
        judges.attributes->ColourOfWords(test.vocabulary().words()),
        ColourSwapOptions{.seed = seed, .judge = "DAMSM " + judges.damsm_digest}));
  return evaluators;
}

std::vector<std::string> ScoreNames(const recipes::PretrainedWeights& weights, const dataio::Dataset& test,
                                    const DistanceChoice& distances, int64_t images) {
  std::vector<std::string> names;
  if (!weights.Of("damsm").empty() && test.captions() > 0)
    for (int64_t k = 1; k <= RPrecisionOptions().top; ++k)
      names.push_back("r_precision_top" + std::to_string(k));
  if (weights.Of("classifier").empty()) return names;
  if (images >= JudgeOptions().inception_splits) names.push_back("inception_score");
  if (images >= distances.least_rows())
    for (auto& name : distances.names()) names.push_back(std::move(name));
  return names;
}

}  // namespace helio::eval
