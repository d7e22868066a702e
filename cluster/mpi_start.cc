#include "cluster/mpi_start.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include "cluster/blocking_call.h"
#include "cluster/gpus.h"
#include "cluster/launch_environment.h"
#include "cluster/mpi_support.h"
#include "cluster/roll_call.h"
#include "src/base/error.h"

namespace helio::cluster {
namespace {

// What a rank tells the others at start-up.
struct Arrival {
  std::array<char, MPI_MAX_PROCESSOR_NAME> host = {};
  int gpus = 0;
  std::array<char, 16> gpu = {};  // the UUID of the one that it sees, where it sees one
  int leader = 0;                 // the lowest rank of its host
  int local_ranks = 1;
};

// Which ranks share memory with us. MPI offers no call for it that does not block.
void FindLocalRanks(World& world, Arrival& own, double patience) {
  CallWithin(patience, "MPI_Comm_split_type", [&] {
    MPI_Comm local;
    CheckMpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, world.rank, MPI_INFO_NULL, &local),
             "start-up");
    MPI_Comm_rank(local, &world.local_rank);
    MPI_Comm_size(local, &world.local_size);
    own.leader = world.rank;
    MPI_Bcast(&own.leader, 1, MPI_INT, 0, local);
    MPI_Comm_free(&local);
  });
  own.local_ranks = world.local_size;
}

void NumberHosts(World& world, const std::vector<Arrival>& arrivals) {
  std::map<int, int> numbers;  // leader -> host
  for (const auto& one : arrivals) numbers.emplace(one.leader, static_cast<int>(numbers.size()));
  world.hosts = static_cast<int>(numbers.size());
  world.host = numbers.at(arrivals[static_cast<size_t>(world.rank)].leader);
}

std::vector<RankDevices> DevicesOf(const std::vector<Arrival>& arrivals) {
  std::vector<RankDevices> devices;
  for (const auto& one : arrivals)
    devices.push_back({one.host.data(), one.gpus, one.local_ranks,
                       one.gpus == 1 ? std::string(one.gpu.begin(), one.gpu.end()) : ""});
  return devices;
}

// Open MPI's own waiting (start-up and end only; the engine never blocks in MPI) must leave the cores to
// others, and one TCP link each way lets both directions run at full rate. Settings of the user win.
void SetMpiDefaults() {
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  setenv("OMPI_MCA_btl_tcp_links", "2", 0);
  // Several communicators are under way at once on streams of their own (gradients, batch norm, negatives):
  // NCCL 2.26 and later keeps their launch order the same on every GPU where this is set, else two GPUs may
  // each wait for what the other has queued behind. Here, because no other thread reads the environment yet.
  setenv("NCCL_LAUNCH_ORDER_IMPLICIT", "1", 0);
}

}  // namespace

World StartMpi(double patience) {
  SetMpiDefaults();
  int provided = 0;
  CallWithin(patience, "MPI_Init",
             [&] { MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided); });
  if (provided < MPI_THREAD_SERIALIZED)
    throw Error(ErrorKind::kSystem, "this MPI cannot be called from more than one thread", "start-up",
                "it must offer MPI_THREAD_SERIALIZED");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  World world;
  MPI_Comm_rank(MPI_COMM_WORLD, &world.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world.size);
  return world;
}

std::vector<RankDevices> MeetRanks(World& world, int gpus, double patience) {
  Arrival own;
  own.gpus = gpus;
  if (const auto only = gpus == 1 ? OnlyGpu() : ""; only.size() == own.gpu.size())
    std::ranges::copy(only, own.gpu.begin());
  int length = 0;
  MPI_Get_processor_name(own.host.data(), &length);
  RollCall(own, patience);
  FindLocalRanks(world, own, patience);
  const auto arrivals = RollCall(own, patience);
  NumberHosts(world, arrivals);
  return DevicesOf(arrivals);
}

void EndMpi(double patience) {
  if (StartedByLauncher()) CallWithin(patience, "MPI_Finalize", [] { MPI_Finalize(); });
}

}  // namespace helio::cluster
