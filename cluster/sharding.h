#pragma once
#include "cluster/communicator.h"
#include "cluster/flat_adam.h"
#include "cluster/parameter_group.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// --shard_optimizer: every rank keeps the moments of 1 / N of a group (ZeRO stage 1; Rajbhandari et al.,
// arXiv:1910.02054), so optimizer memory shrinks with the number of ranks and the bytes on the wire stay the
// same. The moving average (of the generator only: 7 % of the parameters) stays whole. Per step:
//
//   reducer (ReducerOptions::shard_optimizer) : own slice of the gradients = mean over the ranks
//   adam (own slice).Step(rate)
//   GatherParameters(...)           : everybody's slices
//   adam.StepAverage()
//
// The group must have been built with shards = world size.
struct Shard {
  int64_t begin = 0;  // elements of the group's flat buffers
  int64_t end = 0;
};

// Rank r of N holds [r, r + 1) * size / N. Pure.
Shard OwnShard(const ParameterGroup& group, const World& world);

// All parameters from their owners. Collective, asynchronous.
Pending GatherParameters(Communicator& communicator, ParameterGroup& group);

// As GradientNorm, of gradients of which each rank has its own slice. Collective; blocks the host on a CPU.
torch::Tensor ShardedGradientNorm(Communicator& communicator, const ParameterGroup& group,
                                  const std::string& prefix = "");

// The whole group's optimizer state (names as in FlatAdam::State) on every rank, as copies: for checkpoints
// that any number of ranks can read. Collective, blocks.
NamedTensors GatherOptimizerState(Communicator& communicator, const ParameterGroup& group,
                                  const FlatAdam& adam);

// Takes this rank's slice out of a whole state. `where` is for messages. Local. Throws as CopyState does.
void LoadOptimizerState(const Communicator& communicator, const ParameterGroup& group,
                        const NamedTensors& state, FlatAdam& adam, const std::string& where);

}  // namespace helio::cluster
