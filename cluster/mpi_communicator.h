#pragma once
#include "cluster/mpi_engine.h"

namespace helio::cluster {

// CPU tensors over MPI, driven by the engine. `communicator` (MPI's) has exactly the ranks of `world`, in
// order; it is not freed before MPI ends. Collective.
std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiEngine> engine, MPI_Comm communicator,
                                                  const World& world, std::string name,
                                                  std::shared_ptr<JobState> job);

}  // namespace helio::cluster
