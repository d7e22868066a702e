#pragma once
#include <vector>

#include "cluster/replicas.h"
#include "src/recipes/system.h"
#include "src/train/trainer.h"

namespace helio::train {

// What every rank must hold the same of between two steps: all parts of the system, and the moving averages.
// Running statistics of batch norm only where `same_statistics`: those of local batches differ by rank. Live
// tensors; local.
std::vector<cluster::Replica> ReplicasOf(const recipes::System& system, const Trainer& trainer,
                                         bool same_statistics);

}  // namespace helio::train
