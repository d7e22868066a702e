#pragma once
#include <string>

namespace helio::testing {

// What goes wrong on one rank inside MPI, in programs that faulty_mpi.cc is a source of (MPI's profiling
// interface). `place`: init (before MPI_Init), start (after it), hosts (MPI_Comm_split_type), goodbye (before
// the last heartbeat), finalize, operation (MPI_Testall) and heartbeat (MPI_Test), both once a step has
// begun. `fault`: stop, kill, or what is thrown: bad_alloc, runtime_error, c10, int.
void BreakMpi(const std::string& place, const std::string& fault, int rank, int call);

}  // namespace helio::testing
