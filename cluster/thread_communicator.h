#pragma once
#include <functional>

#include "cluster/communicator.h"

namespace helio::cluster {

// Runs `body` on `ranks` threads, each with a communicator of the same world: a distributed test is a unit
// test. Returns when all have ended; rethrows the first exception (its rank aborts the others). CPU tensors.
// `ranks_per_host` > 0 numbers hosts and local ranks as if that many ranks shared a host.
void RunThreadRanks(int ranks, const std::function<void(Communicator&)>& body,
                    const Deadlines& deadlines = {60, 60}, int ranks_per_host = 0);

}  // namespace helio::cluster
