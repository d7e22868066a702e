#pragma once
#include <memory>
#include <vector>

#include "src/app/training_data.h"
#include "src/app/training_options.h"
#include "src/recipes/registry.h"
#include "src/train/averaged_view.h"

namespace helio::app {

// What a run draws with its averaged weights: samples, evaluations, and the buffers that a checkpoint stores
// beside them. By the options.
class PicturesOfRun {
 public:
  virtual ~PicturesOfRun() = default;
  virtual NamedTensors AverageBuffers() = 0;   // local
  virtual void DrawSamples(int64_t step) = 0;  // local
  // Collective; the scores are the same on every rank. Empty for systems whose Validation gives the scores.
  virtual std::vector<recipes::ValidationScore> Evaluate(const recipes::PretrainedWeights& weights,
                                                         cluster::Communicator& communicator) = 0;
  // Of the scores that it can give with such weights; local.
  virtual std::vector<std::string> ScoreNames(const recipes::PretrainedWeights& weights) const = 0;
};

// What a run's pictures are made of. All outlive them.
struct PictureSources {
  recipes::System& system;
  train::Trainer& trainer;
  const TrainingData& data;
  const TrainingOptions& options;
};

// Of a system that draws or translates; null for others. Throws Error{kUser} where the data are too few for
// the evaluations asked for, by judges with `weights`.
std::unique_ptr<PicturesOfRun> MakePicturesOfRun(const PictureSources& sources,
                                                 const recipes::PretrainedWeights& weights);

}  // namespace helio::app
