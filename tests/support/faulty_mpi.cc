#include "tests/support/faulty_mpi.h"

#include <atomic>
#include <csignal>
#include <new>
#include <stdexcept>

#include "cluster/heartbeat.h"
#include "cluster/launch_environment.h"
#include "src/base/tensor.h"

namespace helio::testing {
namespace {

std::string where, what;
int on_rank = -1;
std::atomic<int> calls_left = 0;
std::atomic<bool> training = false;  // a beat has been sent at a step

void Happen(const char* place) {
  if (where != place || cluster::LauncherRank() != on_rank || calls_left-- != 1) return;
  if (what == "stop") std::raise(SIGSTOP);
  if (what == "kill") std::raise(SIGKILL);
  if (what == "bad_alloc") throw std::bad_alloc();
  if (what == "runtime_error") throw std::runtime_error("injected");
  if (what == "c10") C10_THROW_ERROR(Error, "injected");
  if (what == "int") throw 1;
}

}  // namespace

void BreakMpi(const std::string& place, const std::string& fault, int rank, int call) {
  where = place;
  what = fault;
  on_rank = rank;
  calls_left = call;
}

}  // namespace helio::testing

extern "C" {

int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  helio::testing::Happen("init");
  const int result = PMPI_Init_thread(argc, argv, required, provided);
  helio::testing::Happen("start");
  return result;
}

int MPI_Comm_split_type(MPI_Comm communicator, int type, int key, MPI_Info info, MPI_Comm* made) {
  helio::testing::Happen("hosts");
  return PMPI_Comm_split_type(communicator, type, key, info, made);
}

int MPI_Isend(const void* data, int count, MPI_Datatype type, int peer, int tag, MPI_Comm communicator,
              MPI_Request* request) {
  if (tag == 0 && count == sizeof(helio::cluster::Beat)) {
    const auto& beat = *static_cast<const helio::cluster::Beat*>(data);
    if (beat.leaving) helio::testing::Happen("goodbye");
    if (beat.step > 0) helio::testing::training = true;
  }
  return PMPI_Isend(data, count, type, peer, tag, communicator, request);
}

int MPI_Test(MPI_Request* request, int* done, MPI_Status* status) {
  if (helio::testing::training) helio::testing::Happen("heartbeat");
  return PMPI_Test(request, done, status);
}

int MPI_Testall(int count, MPI_Request* requests, int* done, MPI_Status* statuses) {
  if (helio::testing::training) helio::testing::Happen("operation");
  return PMPI_Testall(count, requests, done, statuses);
}

int MPI_Finalize() {
  helio::testing::Happen("finalize");
  return PMPI_Finalize();
}
}
