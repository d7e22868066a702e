#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "cluster/communicator.h"
#include "src/recipes/system.h"
#include "src/train/checkpoint.h"
#include "src/train/trainer.h"

namespace helio::train {

// The tensors that a run goes on from: a system's trained weights, the optimizers' moments, the averages, the
// system's memory.

// Restores them from the checkpoint that rank 0 has read (the others: none). Throws Error{kData} where one is
// missing. Collective.
void RestoreState(const std::optional<Snapshot>& snapshot, recipes::System& system, Trainer& trainer,
                  cluster::Communicator& communicator);

// Copies of them for a checkpoint, by its files' names. `optimizer`: trainer.OptimizerState(), which is
// collective; this is rank 0's. `average_buffers`: what is stored beside the averages; may be empty.
std::map<std::string, NamedTensors> StateForCheckpoint(recipes::System& system, const Trainer& trainer,
                                                       const NamedTensors& optimizer,
                                                       const std::function<NamedTensors()>& average_buffers);

// Throws Error{kData} where weights or averages are not finite: the way back is to checkpoints that training
// can go on from. `where`: the run's folder.
void CheckFinite(const Snapshot& snapshot, const std::string& where);

// What the checkpoint draws with: averages and their buffers, or of a system without averages its model.
// Throws Error{kData} where a file of them is missing. `where`: the checkpoint.
NamedTensors DrawingTensors(const Snapshot& snapshot, const std::string& where);

// Throws Error{kData} where a run's frozen.safetensors, of that digest, is another one than this checkpoint
// was trained with (--resume_override). `where`: the file.
void CheckFrozen(const std::string& digest, const CheckpointInfo& info, const std::string& where);

}  // namespace helio::train
