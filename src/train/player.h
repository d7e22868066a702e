#pragma once
#include <optional>
#include <vector>

#include "cluster/flat_adam.h"
#include "cluster/gradient_reducer.h"
#include "cluster/parameter_group.h"
#include "cluster/sharding.h"
#include "src/base/precision.h"
#include "src/base/tensor.h"
#include "src/recipes/system.h"
#include "src/train/trainer.h"

namespace helio::train {

// One phase with what it needs to be optimized. Its own members are local; one thread.
struct Player {
  // `parts`: the system's, on the communicator's device.
  Player(recipes::Phase phase_to_play, const std::vector<recipes::Part>& parts,
         cluster::Communicator& communicator, const TrainerOptions& options);

  bool plays(const recipes::StepContext& context) const { return !phase.plays || phase.plays(context); }
  double rate(const recipes::StepContext& context, double factor) const;
  // In the phase's precision, with what it only runs through frozen; empty where the phase has none.
  recipes::LossTerms EarlyLoss(recipes::Step& step) const;
  recipes::LossTerms Loss(recipes::Step& step) const;

  recipes::Phase phase;
  const std::vector<torch::Tensor> through;
  cluster::ParameterGroup group;
  cluster::Shard shard;
  cluster::FlatAdam adam;
  cluster::GradientReducer reducer;
  const torch::Device device;
  const Precision precision;
  torch::Tensor usable;                       // {} bool: whether this step's gradient is
  std::optional<cluster::Pending> gathering;  // of the parameters that other ranks have updated
};

// CHECKs that no parameter is in two phases: the second one's buffer would re-home it, behind the first one's
// back.
void CheckDisjoint(const std::vector<recipes::Round>& rounds);

}  // namespace helio::train
