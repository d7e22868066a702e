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

// The networks that judge, on one device; those that the user gave no weights for are null.
struct Judges {
  torch::Device device = torch::kCPU;
  nn::TextEncoder text{nullptr};
  nn::ImageEncoder image{nullptr};
  nn::Classifier classifier{nullptr};
  std::unique_ptr<ColourAttributes> attributes;
  SmallPartNet part_judge{nullptr};
  std::string damsm_digest, classifier_digest;
  // What the classifier sees and what is read off it, for protocols: "torch-compat: trunk inception_v3"; its
  // pooled features, which distances compare; and what the Inception Score reads.
  std::string trunk_protocol, features_protocol, probabilities_protocol;
  int64_t inception_splits = 10;
  DistanceChoice distances;        // of the classifier's pooled features; none without a classifier
  double part_judge_accuracy = 0;  // on held-out drawings
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

}  // namespace helio::eval
