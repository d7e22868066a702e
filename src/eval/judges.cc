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

ImageFunction ClassProbabilities(nn::Classifier classifier, torch::Device device) {
  return [classifier, device](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return classifier->forward(images.to(device)).softmax(1).cpu();
  };
}

ImageFunction PooledFeatures(nn::Classifier classifier, torch::Device device) {
  return [classifier, device](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return classifier->Pooled(images.to(device)).cpu();
  };
}

torch::Tensor ColourOfWord(const ColourAttributes& attributes, const dataio::Vocabulary& vocabulary) {
  auto colours = torch::full({vocabulary.size()}, -1, torch::kInt64);
  for (int64_t id = 1; id < vocabulary.size(); ++id) colours[id] = attributes.ColourOf(vocabulary.word(id));
  return colours;
}

// Pictures {N, 3, s, s} and part colours {N, parts} of up to `count` rows.
std::pair<torch::Tensor, torch::Tensor> PartExamples(const dataio::Dataset& dataset,
                                                     const ColourAttributes& attributes, int64_t count,
                                                     uint64_t seed) {
  std::vector<torch::Tensor> pictures, colours;
  const auto order = dataio::ShuffledRows(dataset.size(), RandomKey(seed, "part_judge"));
  for (int64_t i = 0; i < std::min(count, dataset.size()); ++i) {
    const int64_t row = order[static_cast<size_t>(i)];
    pictures.push_back(PixelsOf(dataset.Picture(row)));
    colours.push_back(attributes.Colours(dataset.Id(row)));
  }
  return {torch::stack(pictures), torch::stack(colours)};
}

void AddPartJudge(Judges& judges, const JudgeOptions& options, const dataio::Dataset& test) {
  const uint64_t seed = options.seed;
  judges.attributes = std::make_unique<ColourAttributes>(options.attributes);
  const auto [pictures, colours] = PartExamples(*options.train, *judges.attributes, 3000, seed);
  judges.parts = TrainPartJudge(pictures, colours, static_cast<int64_t>(judges.attributes->colours().size()),
                                {.seed = seed});
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

void AddClassifier(Judges& judges, const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                   int64_t classes) {
  judges.classifier = nn::Classifier(nn::MakeImageTrunk(networks.image_trunk, "--image_trunk"), classes);
  recipes::LoadPretrained(*judges.classifier, weights, "classifier", "classifier.");
  nn::Freeze(*judges.classifier);
  judges.classifier->to(judges.device);
  judges.classifier_digest = ShortDigest(weights.Of("classifier"));
  const int64_t side = judges.classifier->trunk().side();
  judges.features = "trunk " + networks.image_trunk + " pooled, pictures " +
                    (side > 0 ? "resized to " + std::to_string(side) + " (bilinear)" : "not resized") +
                    ", classifier " + judges.classifier_digest;
}

}  // namespace

void JudgeNetworks::Declare(OptionList& list) {
  TextEncoderOptions::Declare(list);
  ImageTrunkOptions::Declare(list);
}

Judges MakeJudges(const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                  const dataio::Dataset& test, const JudgeOptions& judge_options) {
  Judges judges;
  judges.device = judge_options.device;
  if (!weights.Of("damsm").empty()) AddDamsm(judges, networks, weights, test.vocabulary().size());
  if (!weights.Of("classifier").empty()) AddClassifier(judges, networks, weights, test.classes());
  if (judges.classifier) judges.distances = judge_options.distances;
  if (!judge_options.attributes.empty() && judge_options.train != nullptr)
    AddPartJudge(judges, judge_options, test);
  return judges;
}

Judges MakePictureJudges(const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                         const JudgeOptions& judge_options) {
  Judges judges;
  judges.device = judge_options.device;
  judges.distances = judge_options.distances;
  const auto& tensors = weights.Of("classifier");
  AddClassifier(judges, networks, weights,
                FindTensor(tensors, "classifier.fc.weight", "--classifier").size(0));
  return judges;
}

std::unique_ptr<Evaluator> MakeClassEvaluator(const Judges& judges, const std::string& prefix) {
  return std::make_unique<ClassAccuracy>(prefix + "class_accuracy",
                                         ClassProbabilities(judges.classifier, judges.device),
                                         "classifier " + judges.classifier_digest);
}

std::vector<std::unique_ptr<Evaluator>> MakeEvaluators(const Judges& judges, const dataio::Dataset& test,
                                                       const std::string& prefix, uint64_t seed) {
  std::vector<std::unique_ptr<Evaluator>> evaluators;
  if (judges.image) {
    RPrecisionOptions options;
    options.seed = seed;
    options.judge = "DAMSM " + judges.damsm_digest;
    evaluators.push_back(std::make_unique<RPrecision>(prefix + "r_precision",
                                                      ImageCode(judges.image, judges.device),
                                                      SentenceCode(judges.text, judges.device), options));
  }
  if (judges.classifier) {
    InceptionScoreOptions options;
    options.judge = "classifier " + judges.classifier_digest;
    evaluators.push_back(std::make_unique<InceptionScore>(
        prefix + "inception_score", ClassProbabilities(judges.classifier, judges.device), options));
  }
  // Of real pictures to themselves there is no distance.
  if (prefix.empty() && judges.distances.any())
    evaluators.push_back(std::make_unique<FeatureDistances>(
        "features", PooledFeatures(judges.classifier, judges.device),
        FeatureDistanceOptions{.choice = judges.distances, .judge = judges.features}));
  if (!judges.parts) return evaluators;
  ColourBindingOptions binding;
  binding.judge = "part judge, " + std::to_string(100 * judges.parts_accuracy).substr(0, 5) +
                  " % right on held-out drawings";
  evaluators.push_back(std::make_unique<ColourBinding>(
      prefix + "colour",
      [net = judges.parts](const torch::Tensor& images) { return JudgeParts(net, images.cpu()); }, binding));
  if (!judges.image) return evaluators;
  ColourSwapOptions swap;
  swap.seed = seed;
  swap.judge = "DAMSM " + judges.damsm_digest;
  evaluators.push_back(std::make_unique<ColourSwap>(
      prefix + "colour_swap", ImageCode(judges.image, judges.device),
      SentenceCode(judges.text, judges.device), ColourOfWord(*judges.attributes, test.vocabulary()), swap));
  return evaluators;
}

}  // namespace helio::eval
