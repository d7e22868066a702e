#pragma once
// The C++ bindings are gone from the standard and drag in a library.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <string>
#include <vector>

#include "src/base/error.h"

namespace helio::cluster {

// Throws Error{kCluster} with MPI's own words if `code` is an error.
inline void CheckMpi(int code, const char* doing) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(ErrorKind::kCluster, std::string(text, length), doing, "");
}

// True when every request has completed; they are then null and the list is cleared.
inline bool AllComplete(std::vector<MPI_Request>& requests) {
  if (requests.empty()) return true;
  int done = 0;
  CheckMpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
           "MPI_Testall");
  if (done) requests.clear();
  return done != 0;
}

}  // namespace helio::cluster
