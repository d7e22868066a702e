#pragma once
#include "cluster/mpi_engine.h"

namespace helio::cluster {

// CUDA tensors over NCCL on a high-priority stream of its own, CPU tensors over `host`. Wait is an event on
// the current stream, never a host sync. The NCCL id travels over `host`; initialisation is non-blocking with
// the job's deadline; the engine watches asynchronous errors and deadlines. Collective. Throws
// Error{kCluster}.
std::unique_ptr<Communicator> MakeNcclCommunicator(std::unique_ptr<Communicator> host,
                                                   std::shared_ptr<MpiEngine> engine);

// Before MPI is left: ends what MakeNcclCommunicator made and all that was split from it, in the order in
// which they were made, within the deadline. They must not be used any more. Nothing for others. Collective.
// Throws Error{kCluster}. Without it they are aborted, which waits for nobody.
void EndNccl(Communicator& communicator);

}  // namespace helio::cluster
