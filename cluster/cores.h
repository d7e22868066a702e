#pragma once
#include <filesystem>

#include "cluster/communicator.h"

namespace helio::cluster {

// This rank's share of the cores that the ranks of its host may run on: whether the launcher bound each rank
// to its own, or a container or job limits them all together. Limits of CPU time (docker --cpus;
// src/base/cpu_quota.h, where `root` is explained) are divided among the ranks of the host that are under
// them, and rounded down: a thread more than that would be throttled, and all wait for it. What a Slurm job
// asked for each task is not exceeded, bound to it or not: the other cores may be other jobs'. At least 1.
// Collective.
int CoresOfRank(Communicator& communicator, const std::filesystem::path& root = "/");

}  // namespace helio::cluster
