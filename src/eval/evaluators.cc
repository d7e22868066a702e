#include "src/eval/evaluators.h"

#include <utility>

#include "src/base/error.h"
#include "src/eval/class_accuracy.h"
#include "src/eval/colour_binding.h"
#include "src/eval/inception_score.h"
#include "src/eval/r_precision.h"

namespace helio::eval {
namespace {

// Text features of the judge for padded captions, on the host.
TextFunction SentenceCode(nn::TextEncoder text, torch::Device device) {
  return [text, device](const torch::Tensor& captions, const torch::Tensor& lengths) mutable {
    torch::NoGradGuard no_grad;
    return text->forward(captions.to(device), lengths.to(device)).sentence.cpu();
  };
}

// Of the network's own type, which is the training's (--dtype): real pictures are float32.
torch::Tensor ShownTo(const torch::nn::Module& network, const torch::Tensor& images, torch::Device device) {
  return images.to(device, network.parameters().front().scalar_type());
}

ImageFunction ImageCode(nn::ImageEncoder image, torch::Device device) {
  return [image, device](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return image->forward(ShownTo(*image, images, device)).code.cpu();
  };
}

ImageFunction PooledFeatures(nn::Classifier classifier, torch::Device device) {
  return [classifier, device](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return classifier->Pooled(ShownTo(*classifier, images, device));
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

void AddClassifierScores(const Judges& judges, const std::string& prefix, Evaluators& evaluators) {
  const auto pooled = Remembered(PooledFeatures(judges.classifier, judges.device));
  evaluators.push_back(std::make_unique<InceptionScore>(
      prefix + "inception_score", ClassProbabilities(judges.classifier, pooled),
      InceptionScoreOptions{.splits = judges.inception_splits, .judge = judges.probabilities_protocol}));
  // Not where the real pictures are scored (they have a prefix): they have no distance from themselves.
  if (prefix.empty() && judges.distances.any())
    evaluators.push_back(std::make_unique<FeatureDistances>(
        "features", pooled,
        FeatureDistanceOptions{.choice = judges.distances, .judge = judges.features_protocol}));
}

std::unique_ptr<Evaluator> PartColours(const Judges& judges, const std::string& prefix) {
  ColourBindingOptions binding;
  binding.judge = "part judge, " + std::to_string(100 * judges.part_judge_accuracy).substr(0, 5) +
                  " % right on held-out drawings";
  binding.parts = judges.attributes->parts();
  binding.colours = judges.attributes->colours();
  return std::make_unique<ColourBinding>(
      prefix + "colour",
      [net = judges.part_judge](const torch::Tensor& images) { return JudgeParts(net, images.cpu()); },
      std::move(binding));
}

}  // namespace

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
  if (judges.part_judge) evaluators.push_back(PartColours(judges, prefix));
  if (judges.part_judge && reads)
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
