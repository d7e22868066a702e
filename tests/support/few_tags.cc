#include "tests/support/few_tags.h"

#include <atomic>

#include "cluster/mpi_support.h"

namespace helio::testing {
namespace {

int bound = 0;  // 0: the library's own
std::atomic<int> latest = 0, begun_anew = 0;

bool Refused(int tag) { return bound > 0 && tag > bound; }

}  // namespace

void UseFewTags(int highest) { bound = highest; }
int TagsBegunAnew() { return begun_anew; }

}  // namespace helio::testing

// MPI's profiling interface: these come before the library's.
extern "C" {

int MPI_Comm_get_attr(MPI_Comm communicator, int key, void* value, int* found) {
  if (key != MPI_TAG_UB || helio::testing::bound == 0)
    return PMPI_Comm_get_attr(communicator, key, value, found);
  *static_cast<int**>(value) = &helio::testing::bound;
  *found = 1;
  return MPI_SUCCESS;
}

int MPI_Isend(const void* data, int count, MPI_Datatype type, int peer, int tag, MPI_Comm communicator,
              MPI_Request* request) {
  if (helio::testing::Refused(tag)) return MPI_ERR_TAG;
  if (const int before = helio::testing::latest.exchange(tag); before - tag > 200)
    ++helio::testing::begun_anew;
  return PMPI_Isend(data, count, type, peer, tag, communicator, request);
}

int MPI_Irecv(void* data, int count, MPI_Datatype type, int peer, int tag, MPI_Comm communicator,
              MPI_Request* request) {
  if (helio::testing::Refused(tag)) return MPI_ERR_TAG;
  return PMPI_Irecv(data, count, type, peer, tag, communicator, request);
}
}
