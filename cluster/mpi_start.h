#pragma once
#include <vector>

#include "cluster/device_choice.h"

// The start and the end of MPI in a process. Where other ranks do not arrive within `patience` seconds, these
// throw Error{kCluster} that names them, or end the process (blocking_call.h).
namespace helio::cluster {

// Returns this process' rank and the number of ranks; the rest of World is not known yet. Throws
// Error{kSystem} for an MPI library that threads cannot call. Collective.
World StartMpi(double patience);

// Where each rank could compute, in rank order. Fills in the hosts and local ranks of `world`. `gpus`: how
// many this process may use. Collective.
std::vector<RankDevices> MeetRanks(World& world, int gpus, double patience);

// Does nothing in a process that no launcher started. Collective.
void EndMpi(double patience);

}  // namespace helio::cluster
