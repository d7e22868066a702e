#pragma once
#include <vector>

#include "src/app/training_data.h"
#include "src/app/training_options.h"
#include "src/recipes/registry.h"
#include "src/train/averaged_view.h"

namespace helio::app {

// What a run draws with its averaged weights: samples, evaluations, and the buffers that a checkpoint stores
// beside them. By the options.
class RunPictures {
 public:
  // All of them outlive it.
  RunPictures(const recipes::System& system, recipes::Drawer& drawer, train::Trainer& trainer,
              const TrainingData& data, const TrainingOptions& options);

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
  const TrainingData& data_;
  const TrainingOptions& options_;
  const dataio::DomainNeeds needs_;  // of the main data set
};

}  // namespace helio::app
