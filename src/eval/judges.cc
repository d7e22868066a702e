#include "src/eval/judges.h"

#include "dataio/sampler.h"
#include "src/base/random.h"
#include "src/eval/image_tensor.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"

namespace helio::eval {
namespace {

// As the judge learns from it: its crops shall be nearly all of it, whatever side the pictures are stored
// for. Smaller ones are judged enlarged, as a system's small pictures are.
dataio::Image JudgedPicture(const dataio::Dataset& dataset, int64_t row) {
  auto picture = dataset.Picture(row);
  const int side = std::min(picture.width, picture.height);
  return side < kPartJudgeSide || side > kPartJudgeStored ? dataio::ResizeShortSide(picture, kPartJudgeStored)
                                                          : picture;
}

struct PartExamples {
  torch::Tensor pictures;  // {N, 3, s, s}
  torch::Tensor colours;   // {N, parts}
};

// Of up to `count` rows.
PartExamples ExamplesOf(const dataio::Dataset& dataset, const ColourAttributes& attributes, int64_t count,
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
  constexpr int64_t kLearned = 3000, kHeldOut = 500, kPartsOfABird = 4;
  const uint64_t seed = options.seed;
  judges.attributes = std::make_unique<ColourAttributes>(options.attributes);
  const auto [pictures, colours] = ExamplesOf(*options.train, *judges.attributes, kLearned, seed);
  // Scenes have small parts, and many: things and counts come last.
  const int64_t steps = std::ssize(judges.attributes->parts()) > kPartsOfABird ? 1200 : 300;
  judges.part_judge =
      TrainPartJudge(pictures, colours, static_cast<int64_t>(judges.attributes->colours().size()),
                     {.steps = steps, .mirror = !judges.attributes->sided(), .seed = seed});
  const auto [held_out, truth] = ExamplesOf(test, *judges.attributes, kHeldOut, seed);
  judges.part_judge_accuracy = PartJudgeAccuracy(judges.part_judge, held_out, truth);
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

int64_t ClassesOf(const NamedTensors& classifier) {
  for (const auto& [name, tensor] : classifier)
    if (name == "classifier.fc.weight") return tensor.size(0);
  recipes::ThrowNoClassifier("classifier.fc.weight");
}

void AddClassifier(Judges& judges, const JudgeNetworks& networks, const recipes::PretrainedWeights& weights) {
  const int64_t classes = ClassesOf(weights.Of("classifier"));
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

}  // namespace helio::eval
