#pragma once
#include "cluster/communicator.h"

namespace helio::cluster {

// This rank's share of the cores that the ranks of its host may run on: whether the launcher bound each rank
// to its own, or a container or job limits them all together. At least 1. Collective.
int CoresOfRank(Communicator& communicator);

}  // namespace helio::cluster
