#pragma once
#include <vector>

#include "dataio/dataset.h"
#include "src/recipes/registry.h"
#include "src/train/averaged_view.h"

namespace helio::app {

// What a run draws with its averaged weights: samples, evaluations, and the buffers that a checkpoint stores
// beside them. By the flags.
class RunPictures {
 public:
  // All of them outlive it.
  RunPictures(const recipes::System& system, recipes::Drawer& drawer, train::Trainer& trainer,
              const dataio::Dataset& train, const dataio::Dataset& test,
              const recipes::RecipeOptions& options);

  NamedTensors AverageBuffers();   // local
  void DrawSamples(int64_t step);  // local
  // Collective; the scores are the same on every rank.
  std::vector<recipes::ValidationScore> Evaluate(const recipes::PretrainedWeights& weights,
                                                 cluster::Communicator& communicator);

 private:
  train::AveragedView Averages();
  void Reestimate();

  const recipes::System& system_;
  recipes::Drawer& drawer_;
  train::Trainer& trainer_;
  const dataio::Dataset &train_, &test_;
  const recipes::RecipeOptions& options_;
};

}  // namespace helio::app
