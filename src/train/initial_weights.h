#pragma once
#include "cluster/communicator.h"
#include "src/base/named_tensors.h"

namespace helio::train {

// Gives every rank rank 0's weights where some rank's differ from them by rounding alone: what an initialiser
// computes (a QR decomposition) has other last bits on another processor or with another number of threads.
// Weights that differ by more stay as they are on all ranks. True if any were set. Collective.
// `digest`: theirs, WeightsDigest(own).
bool AdoptRoundedWeights(cluster::Communicator& communicator, const NamedTensors& own,
                         const std::string& digest);

}  // namespace helio::train
