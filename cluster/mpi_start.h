#pragma once
#include <vector>

#include "cluster/device_choice.h"

// The start and the end of MPI in a process. What others do not come to within `patience` seconds ends with
// an Error{kCluster} that names them, or with the process (blocking_call.h).
namespace helio::cluster {

// Its rank and the number of ranks; the rest of World is not known yet. Throws Error{kSystem} of an MPI that
// threads cannot call. Collective.
World StartMpi(double patience);

// All ranks, in their order: where each could compute. Fills in which hosts there are and who shares one.
// `gpus`: those that this process may use. Collective.
std::vector<RankDevices> MeetRanks(World& world, int gpus, double patience);

// Nothing in a process that no launcher started. Collective.
void EndMpi(double patience);

}  // namespace helio::cluster
