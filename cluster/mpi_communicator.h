#pragma once
#include "cluster/mpi_engine.h"

namespace helio::cluster {

// CPU tensors over MPI, driven by the engine. `communicator` (MPI's) has exactly the ranks of `world`, in
// order; it is not freed before MPI ends. Collective.
std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiEngine> engine, MPI_Comm communicator,
                                                  const World& world, std::string name,
                                                  std::shared_ptr<JobState> job);

// The same, but large all-reduces go in two levels: reduce-scatter among the ranks of a host, all-reduce of
// each slice across hosts, all-gather within the host. Only 1 / local_size of the bytes a rank would send
// leave its host. Every host must have equally many ranks, and at least two hosts two ranks each. Collective.
std::unique_ptr<Communicator> MakeTwoLevelCommunicator(std::shared_ptr<MpiEngine> engine,
                                                       MPI_Comm communicator, const World& world,
                                                       std::string name, std::shared_ptr<JobState> job);

}  // namespace helio::cluster
