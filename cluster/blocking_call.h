#pragma once
#include <functional>
#include <string>

namespace helio::cluster {

// Runs an MPI call that other ranks may keep from returning (MPI_Init_thread, MPI_Finalize). If it has not
// returned after `seconds`, the process says so (the lowest of the launcher's ranks first) and ends with code
// 75, whereupon the launcher ends the other ranks, stopped ones too. An exception of `call` passes through.
void CallWithin(double seconds, const std::string& doing, const std::function<void()>& call);

}  // namespace helio::cluster
