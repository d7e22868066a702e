#pragma once
#include <memory>
#include <string>

#include "dataio/dataset.h"
#include "src/eval/colour_attributes.h"
#include "src/eval/evaluator.h"
#include "src/eval/feature_distances.h"
#include "src/eval/part_judge.h"
#include "src/nn/image_encoder.h"
#include "src/nn/text_encoder.h"
#include "src/recipes/options.h"
#include "src/recipes/registry.h"

namespace helio::eval {

// The networks that judge, on one device; what the user gave no weights for is absent.
struct Judges {
  torch::Device device = torch::kCPU;
  nn::TextEncoder text{nullptr};
  nn::ImageEncoder image{nullptr};
  nn::Classifier classifier{nullptr};
  std::unique_ptr<ColourAttributes> attributes;
  SmallPartNet parts{nullptr};
  std::string damsm_digest, classifier_digest;
  // What the classifier sees and what is read off it, for protocols: "torch-compat: trunk inception_v3"; its
  // pooled features, which distances compare; and what the Inception Score reads.
  std::string trunk_protocol, features_protocol, probabilities_protocol;
  int64_t inception_splits = 10;
  DistanceChoice distances;   // of the classifier's pooled features; none without a classifier
  double parts_accuracy = 0;  // of the part judge on held-out drawings
};

// How the judges' networks are shaped, and those of a system's frozen encoders: the same flags.
struct JudgeNetworks : recipes::TextEncoderOptions, recipes::ImageTrunkOptions {
  std::string classifier_trunk;  // of the judging classifier; empty: image_trunk
  void Declare(OptionList& list);
};

struct JudgeOptions {
  torch::Device device = torch::kCPU;
  // helio-synth's attributes.json: also a judge of part colours, trained here and now ...
  std::string attributes = {};
  const dataio::Dataset* train = nullptr;  // ... on these drawings
  uint64_t seed = 1;
  DistanceChoice distances = {};
  int64_t inception_splits = 10;
};

// From the weights that play "damsm" and "classifier"; a classifier has the classes that it was trained with.
// Throws Error{kUser} where weights are not of such networks.
Judges MakeJudges(const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                  const dataio::Dataset& test, const JudgeOptions& judge_options);

// A judge of pictures alone: the classifier of `weights`. Throws Error{kUser} where they are no classifier's.
Judges MakePictureJudges(const JudgeNetworks& networks, const recipes::PretrainedWeights& weights,
                         const JudgeOptions& judge_options);

// Of pictures that were drawn for some of so many `classes`, by the classifier. Throws Error{kUser} where it
// knows others.
std::unique_ptr<Evaluator> MakeClassEvaluator(const Judges& judges, int64_t classes,
                                              const std::string& prefix);

// The scores that the judges can give, their names with `prefix` in front.
std::vector<std::unique_ptr<Evaluator>> MakeEvaluators(const Judges& judges, const dataio::Dataset& test,
                                                       const std::string& prefix, uint64_t seed);

// The names of the scores that evaluations of so many `images` in training can give, in order, before there
// are judges: of these `weights`, without prefix and attributes.
std::vector<std::string> ScoreNames(const recipes::PretrainedWeights& weights, const dataio::Dataset& test,
                                    const DistanceChoice& distances, int64_t images);

}  // namespace helio::eval
