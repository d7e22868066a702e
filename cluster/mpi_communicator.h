#pragma once
#include "cluster/mpi_engine.h"

namespace helio::cluster {

// CPU tensors over MPI, driven by the engine: all ranks of MPI_COMM_WORLD. All messages of all communicators
// go through MPI_COMM_WORLD on tags of their own (tag_space.h), so no call here or in Split can block in MPI.
// Collective.
std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiEngine> engine, const World& world,
                                                  std::string name, std::shared_ptr<JobState> job);

// The same, but large all-reduces go in two levels: reduce-scatter among the ranks of a host, all-reduce of
// each slice across hosts, all-gather within the host. Only 1 / local_size of the bytes a rank would send
// leave its host. Every host must have equally many ranks, and at least two hosts two ranks each. Collective.
std::unique_ptr<Communicator> MakeTwoLevelCommunicator(std::shared_ptr<MpiEngine> engine, const World& world,
                                                       std::string name, std::shared_ptr<JobState> job);

}  // namespace helio::cluster
