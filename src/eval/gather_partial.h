#pragma once
#include "cluster/communicator.h"
#include "src/base/named_tensors.h"

namespace helio::eval {

// The partial states of all ranks, merged (MergePartials). A rank that consumed nothing has an empty state
// and takes part all the same. Collective; the same result on every rank.
NamedTensors GatherPartial(const NamedTensors& own, cluster::Communicator& communicator);

}  // namespace helio::eval
