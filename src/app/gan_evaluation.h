#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "dataio/loader.h"
#include "src/eval/colour_attributes.h"
#include "src/eval/evaluator.h"
#include "src/eval/part_judge.h"
#include "src/nn/image_encoder.h"
#include "src/nn/module.h"
#include "src/nn/text_encoder.h"
#include "src/recipes/registry.h"
#include "src/recipes/text_to_image.h"
#include "src/recipes/validation.h"

// Pictures of a generator, judged and shown: what helio-train does at a cadence and helio-eval at length.
namespace helio::app {

// The networks that judge; what the user gave no weights for is absent.
struct Judges {
  nn::TextEncoder text{nullptr};
  nn::ImageEncoder image{nullptr};
  nn::Classifier classifier{nullptr};
  std::unique_ptr<eval::ColourAttributes> attributes;
  eval::SmallPartNet parts{nullptr};
  std::string damsm_digest, classifier_digest;
  double parts_accuracy = 0;  // of the part judge on held-out drawings
};

// From --damsm and --classifier; with `attributes` (helio-synth's attributes.json) also a judge of part
// colours, trained here and now on the training drawings.
Judges MakeJudges(const recipes::RecipeOptions& options, const recipes::PretrainedWeights& weights,
                  const dataio::Dataset& test, const std::string& attributes,
                  const dataio::Dataset* train = nullptr, uint64_t seed = 1);

// Draws `count` pictures of held-out captions, shared among the ranks, and scores them by every judge at
// hand. Collective; the scores are the same on every rank. Noise and captions are functions of (seed,
// position).
std::vector<eval::Score> EvaluateGenerator(recipes::TextToImage& gan, const Judges& judges,
                                           const dataio::Dataset& test, const recipes::RecipeOptions& options,
                                           int64_t count, uint64_t seed, cluster::Communicator& communicator);

// The same scores of the real pictures of those captions.
std::vector<eval::Score> EvaluateReal(const Judges& judges, const dataio::Dataset& test,
                                      const recipes::RecipeOptions& options, int64_t count, uint64_t seed,
                                      cluster::Communicator& communicator);

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<eval::Score>& scores);

// A labelled grid of `count` held-out captions, all stages and the real picture. Local.
void WriteSampleGrid(recipes::TextToImage& gan, const dataio::Dataset& test,
                     const recipes::RecipeOptions& options, int64_t count, uint64_t seed,
                     const std::filesystem::path& path, const std::string& title);

// Text features of evaluation draws.
recipes::TextCondition EncodeDraws(recipes::TextToImage& gan, const dataio::Dataset& dataset,
                                   std::span<const dataio::Draw> draws, int64_t words, uint64_t seed);

NamedTensors BuffersOf(const torch::nn::Module& module);
NamedTensors Clone(const NamedTensors& tensors);

}  // namespace helio::app
