#include "cluster/launch.h"

#include <cstdlib>
#include <string_view>

#include "cluster/device_error.h"
#include "cluster/gpus.h"
#include "cluster/mpi_engine.h"
#include "cluster/mpi_start.h"
#include "cluster/nccl_communicator.h"
#include "cluster/solo_communicator.h"
#include "src/base/error.h"
#include "src/base/failure.h"
#include "src/base/torch_warnings.h"

namespace helio::cluster {
namespace {

constexpr double kAbortSeconds = 0.5;  // within which MPI_Abort has ended the other ranks, most likely

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

// HELIO_SHARE_GPUS=1: trials of several ranks on a machine with one GPU (scripts/gpu_check).
bool SharesGpus(const LaunchOptions& options) {
  const char* said = std::getenv("HELIO_SHARE_GPUS");
  return options.share_gpus || (said && std::string_view(said) == "1");
}

// NCCL refuses two ranks on one GPU of one host; a host of its own for each rank leaves it sockets. Here,
// because no other thread reads the environment yet.
void PretendHostOfItsOwn() { setenv("NCCL_HOSTID", std::to_string(LauncherRank()).c_str(), 0); }

// Errors that all ranks find alike, before any communicator is built: they leave MPI together.
void CheckJob(const World& world, const std::vector<RankDevices>& devices, const LaunchOptions& options) {
  try {
    CheckWorldSize(world, options.expect_world_size);
    CheckDevices(options.device, devices, SharesGpus(options));
  } catch (const Error&) {
    EndMpi(options.deadlines.first_seconds);
    throw;
  }
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
                      "Deadline of start-up, the first step, evaluations and rank 0's own long work");
  list.AddOperational("hierarchy", &hierarchy, kHierarchies,
                      "All-reduce over hosts (MPI): auto (measured at start-up), flat, or two_level (inside "
                      "each host, then across)");
}

struct Launch::State {
  World world;
  std::shared_ptr<JobState> job = std::make_shared<JobState>();
  std::shared_ptr<MpiEngine> engine;  // null: solo
  std::unique_ptr<Communicator> communicator;

  // The devices of every rank, in their order; of a process that no launcher started its own. Starts MPI, and
  // waits for all ranks. Collective.
  std::vector<RankDevices> StartRanks(int gpus, const LaunchOptions& options) {
    if (!StartedByLauncher()) return {{"this host", gpus, 1}};
    if (SharesGpus(options)) PretendHostOfItsOwn();
    const double patience = options.deadlines.first_seconds;
    world = StartMpi(patience);
    return RunNamingDeviceErrors(world.rank, job, [&] { return MeetRanks(world, gpus, patience); });
  }

  void Connect(const std::vector<RankDevices>& ranks, const LaunchOptions& options) {
    if (world.size == 1) {
      communicator = MakeSoloCommunicator(world, options.deadlines);
      return;
    }
    std::vector<std::string> hosts;
    for (const auto& rank : ranks) hosts.push_back(rank.host);
    engine = std::make_shared<MpiEngine>(world, std::move(hosts), job, options.heartbeat_seconds);
    communicator = MakeCpuCommunicator(options.hierarchy, engine, world, job);
    if (world.device.is_cuda()) communicator = MakeNcclCommunicator(std::move(communicator), engine);
  }
};

Launch::Launch(const LaunchOptions& options) : state_(std::make_unique<State>()) {
  LogTorchWarningsOnce();
  auto& state = *state_;
  state.job->deadlines = options.deadlines;
  const int gpus = UsableGpus(options.device);
  const auto devices = state.StartRanks(gpus, options);
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
