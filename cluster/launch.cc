#include "cluster/launch.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string_view>

#include "cluster/blocking_call.h"
#include "cluster/device_error.h"
#include "cluster/gpus.h"
#include "cluster/mpi_communicator.h"
#include "cluster/nccl_communicator.h"
#include "cluster/roll_call.h"
#include "cluster/solo_communicator.h"
#include "src/base/error.h"
#include "src/base/failure.h"
#include "src/base/file_system.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"
#include "src/base/torch_warnings.h"

namespace helio::cluster {
namespace {

constexpr double kAbortSeconds = 0.5;  // within which MPI_Abort has ended the other ranks, most likely

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

// Everybody is there, and who shares a host. Who does not come is named.
std::vector<Arrival> Arrive(World& world, int gpus, double patience) {
  Arrival own;
  own.gpus = gpus;
  if (const auto only = gpus == 1 ? OnlyGpu() : ""; only.size() == own.gpu.size())
    std::ranges::copy(only, own.gpu.begin());
  int length = 0;
  MPI_Get_processor_name(own.host.data(), &length);
  RollCall(own, patience);
  FindLocalRanks(world, own, patience);
  auto arrivals = RollCall(own, patience);
  NumberHosts(world, arrivals);
  return arrivals;
}

void CheckWorldSize(const World& world, int expected) {
  if (expected == 0 || world.size == expected) return;
  const std::string remedy = world.size == 1 ? "the launcher did not start the others, or this is not its MPI"
                                             : "check the host list and the slots of each host";
  throw Error(ErrorKind::kCluster,
              "came up with " + std::to_string(world.size) + " rank" + (world.size == 1 ? "" : "s") + " on " +
                  std::to_string(world.hosts) + " host" + (world.hosts == 1 ? "" : "s") + " instead of " +
                  std::to_string(expected),
              "--expect_world_size", remedy);
}

std::vector<RankDevices> DevicesOf(const std::vector<Arrival>& arrivals) {
  std::vector<RankDevices> devices;
  for (const auto& one : arrivals)
    devices.push_back({one.host.data(), one.gpus, one.local_ranks,
                       one.gpus == 1 ? std::string(one.gpu.begin(), one.gpu.end()) : ""});
  return devices;
}

// HELIO_SHARE_GPUS=1: trials of several ranks on a machine with one GPU (scripts/gpu_check).
bool SharesGpus(const LaunchOptions& options) {
  const char* said = std::getenv("HELIO_SHARE_GPUS");
  return options.share_gpus || (said && std::string_view(said) == "1");
}

// NCCL refuses two ranks on one GPU of one host; a host of its own for each rank leaves it sockets. Here,
// because no other thread reads the environment yet.
void PretendHostOfItsOwn() { setenv("NCCL_HOSTID", std::to_string(LauncherRank()).c_str(), 0); }

void EndMpi(double patience) {
  if (StartedByLauncher()) CallWithin(patience, "MPI_Finalize", [] { MPI_Finalize(); });
}

// What all ranks find out alike, before any communicator is built; together they leave MPI then.
void CheckJob(const World& world, const std::vector<RankDevices>& devices, const LaunchOptions& options) {
  try {
    CheckWorldSize(world, options.expect_world_size);
    CheckDevices(options.device, devices, SharesGpus(options));
  } catch (const Error&) {
    EndMpi(options.deadlines.first_seconds);
    throw;
  }
}

// Two levels need several hosts with the same number, two or more, of ranks each.
bool TwoLevelsFit(Communicator& c) {
  const auto sizes = GatherScalars(c, c.world().local_size, "hosts");
  const bool even = std::all_of(sizes.begin(), sizes.end(), [&](double size) { return size == sizes[0]; });
  return even && sizes[0] > 1 && c.world().hosts > 1;
}

double AllReduceProbeSeconds(Communicator& c) {
  auto buffer = torch::zeros({4 << 20});
  double best = 1e9;
  for (int i = 0; i < 4; ++i) {
    const auto begin = Clock::now();
    c.Await(c.AllReduce(buffer, Reduce::kSum, "probe"));
    best = std::min(best, SecondsSince(begin));
  }
  return AllReduceScalar(c, best, Reduce::kMax, "probe");
}

}  // namespace

c10::Device DeviceAlone(WantedDevice wanted) {
  LogTorchWarningsOnce();
  const int gpus = UsableGpus(wanted);
  CheckDevices(wanted, {{"this host", gpus, 1}}, /*share_gpus=*/false);
  const auto device = DeviceOf(World(), gpus);
  MakeCurrent(device);
  return device;
}

void LaunchOptions::Declare(OptionList& list) {
  list.Group("Ranks and machine");
  list.AddOperational("device", &device, kWantedDevices,
                      "Where a rank computes; auto: a GPU a rank if its host has any");
  list.AddOperational("expect_world_size", &expect_world_size, AtLeast(0),
                      "Fail unless exactly this many ranks came up (0: any)");
  list.AddOperational("deadline_seconds", &deadlines.seconds, Above(0),
                      "A collective that takes longer ends the job");
  list.AddOperational("first_deadline_seconds", &deadlines.first_seconds, Above(0),
                      "The same for the first step");
  list.AddOperational("hierarchy", &hierarchy, kHierarchies,
                      "All-reduce over hosts (MPI): auto (measured at start-up), flat, or two_level (inside "
                      "each host, then across)");
}

struct Launch::State {
  World world;
  std::shared_ptr<JobState> job = std::make_shared<JobState>();
  std::shared_ptr<MpiEngine> engine;  // null: solo
  std::unique_ptr<Communicator> communicator;

  // The CPU communicator: flat, or in two levels where that is asked for or measured to be faster.
  // Collective.
  std::unique_ptr<Communicator> OverMpi(Hierarchy hierarchy) {
    auto flat = MakeMpiCommunicator(engine, world, "world", job);
    if (hierarchy == Hierarchy::kFlat || !TwoLevelsFit(*flat)) return flat;
    auto two_levels = MakeTwoLevelCommunicator(engine, world, "world", job);
    if (hierarchy == Hierarchy::kTwoLevel) return two_levels;
    const double one = AllReduceProbeSeconds(*flat), two = AllReduceProbeSeconds(*two_levels);
    if (world.rank == 0)
      LOG(INFO) << "all-reduce of 16 MiB: flat " << one << " s, in two levels " << two
                << " s; taking the faster";
    return two < one ? std::move(two_levels) : std::move(flat);
  }

  // The devices of every rank, in their order; of a process that no launcher started its own. Starts MPI, and
  // waits for all ranks. Collective.
  std::vector<RankDevices> MeetRanks(int gpus, const LaunchOptions& options) {
    if (!StartedByLauncher()) return {{"this host", gpus, 1}};
    if (SharesGpus(options)) PretendHostOfItsOwn();
    const double patience = options.deadlines.first_seconds;
    world = StartMpi(patience);
    return RunNamingDeviceErrors(world.rank, job, [&] { return DevicesOf(Arrive(world, gpus, patience)); });
  }

  void Connect(const std::vector<RankDevices>& ranks, const LaunchOptions& options) {
    if (world.size == 1) {
      communicator = MakeSoloCommunicator(world, options.deadlines);
      return;
    }
    std::vector<std::string> hosts;
    for (const auto& rank : ranks) hosts.push_back(rank.host);
    engine = std::make_shared<MpiEngine>(world, std::move(hosts), job, options.heartbeat_seconds);
    communicator = OverMpi(options.hierarchy);
    if (world.device.is_cuda()) communicator = MakeNcclCommunicator(std::move(communicator), engine);
  }
};

Launch::Launch(const LaunchOptions& options) : state_(std::make_unique<State>()) {
  LogTorchWarningsOnce();
  auto& state = *state_;
  state.job->deadlines = options.deadlines;
  const int gpus = UsableGpus(options.device);
  const auto devices = state.MeetRanks(gpus, options);
  if (options.pretend_ranks_per_host > 0)
    state.world = WorldOfHosts(state.world.rank, state.world.size, options.pretend_ranks_per_host);
  CheckJob(state.world, devices, options);
  state.world.device = DeviceOf(state.world, gpus);
  RunNamingDeviceErrors(state.world.rank, state.job, [&] { MakeCurrent(state.world.device); });
  state.Connect(devices, options);
}

Launch::~Launch() = default;

const World& Launch::world() const { return state_->world; }
Communicator& Launch::communicator() { return *state_->communicator; }

int Launch::Run(const std::function<int()>& body) {
  int code = 0;
  if (!state_->engine) {
    code = RunNamingDeviceErrors(world().rank, communicator().share_job(), body);
  } else {
    try {
      code = RunNamingDeviceErrors(world().rank, communicator().share_job(), body);
      communicator().Barrier("end of the job");
      EndNccl(communicator());
    } catch (...) {
      const auto failure = CurrentFailure();
      Fail(failure.what, failure.exit_code);
    }
    state_->communicator.reset();
    state_->engine->Stop();
  }
  EndMpi(state_->job->deadline_seconds());
  return code;
}

void Launch::Fail(const std::string& cause, int exit_code) {
  LetLowerRanksSpeak(world().rank, kAbortSeconds);
  communicator().Abort(cause, exit_code);
}

}  // namespace helio::cluster
