#include "cluster/launch.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>

#include "cluster/mpi_communicator.h"
#include "cluster/nccl_communicator.h"
#include "cluster/solo_communicator.h"
#include "src/base/error.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

constexpr double kAbortSeconds = 0.5;  // within which MPI_Abort has ended the other ranks, most likely

std::vector<std::string> HostNames(int size) {
  char own[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MPI_Get_processor_name(own, &length);
  std::vector<char> all(static_cast<size_t>(size) * MPI_MAX_PROCESSOR_NAME);
  CheckMpi(MPI_Allgather(own, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, all.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR,
                         MPI_COMM_WORLD),
           "start-up");
  std::vector<std::string> names;
  for (int rank = 0; rank < size; ++rank)
    names.emplace_back(all.data() + static_cast<int64_t>(rank) * MPI_MAX_PROCESSOR_NAME);
  return names;
}

// Which ranks share memory with us, and how many such hosts there are.
void FindHosts(World& world) {
  MPI_Comm local;
  CheckMpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, world.rank, MPI_INFO_NULL, &local),
           "start-up");
  MPI_Comm_rank(local, &world.local_rank);
  MPI_Comm_size(local, &world.local_size);
  int leader = world.rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, local);
  std::vector<int> leaders(world.size);
  MPI_Allgather(&leader, 1, MPI_INT, leaders.data(), 1, MPI_INT, MPI_COMM_WORLD);
  std::map<int, int> nodes;
  for (const int one : leaders) nodes.emplace(one, static_cast<int>(nodes.size()));
  world.nodes = static_cast<int>(nodes.size());
  world.node = nodes.at(leader);
  MPI_Comm_free(&local);
}

// Open MPI's own waiting (start-up and end only; the engine never blocks in MPI) must leave the cores to
// others, and one TCP link each way lets both directions run at full rate. Settings of the user win.
void SetMpiDefaults() {
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  setenv("OMPI_MCA_btl_tcp_links", "2", 0);
}

World StartMpi() {
  SetMpiDefaults();
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  if (provided < MPI_THREAD_SERIALIZED)
    throw Error(ErrorKind::kSystem, "this MPI cannot be called from more than one thread", "start-up",
                "it must offer MPI_THREAD_SERIALIZED");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  World world;
  MPI_Comm_rank(MPI_COMM_WORLD, &world.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world.size);
  FindHosts(world);
  return world;
}

void CheckWorldSize(const World& world, int expected) {
  if (expected == 0 || world.size == expected) return;
  const std::string remedy = world.size == 1 ? "the launcher did not start the others, or this is not its MPI"
                                             : "check the host list and the slots of each host";
  throw Error(ErrorKind::kCluster,
              "came up with " + std::to_string(world.size) + " rank" + (world.size == 1 ? "" : "s") + " on " +
                  std::to_string(world.nodes) + " host" + (world.nodes == 1 ? "" : "s") + " instead of " +
                  std::to_string(expected),
              "--expect_world_size", remedy);
}

torch::Device ChooseDevice(const World& world, const LaunchOptions& options) {
  const auto& wanted = options.device;
  if (wanted != "auto" && wanted != "cpu" && wanted != "cuda")
    ThrowUser("unknown device '" + wanted + "'", "--device", "one of auto, cpu, cuda");
  const int gpus = wanted == "cpu" ? 0 : VisibleGpus();
  if (gpus == 0 && wanted == "cuda") ThrowUser("no GPU is visible", "--device=cuda", "is the driver there?");
  if (gpus == 0) return torch::kCPU;
  if (world.local_size > gpus && !options.share_gpus)
    ThrowUser("this host has " + std::to_string(world.local_size) + " ranks but " + std::to_string(gpus) +
                  " GPU" + (gpus == 1 ? "" : "s"),
              "host of rank " + std::to_string(world.rank),
              "start at most one rank a GPU, or use --device=cpu");
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(world.local_rank % gpus)};
}

// A host whose driver is broken must not wait for the others' NCCL with MPI's collectives. Collective.
void CheckOneKind(Communicator& c, const std::vector<std::string>& hosts) {
  const bool gpu = c.world().device.is_cuda();
  const auto gpus = GatherScalars(c, gpu ? 1 : 0, "device kinds");
  std::string without;
  for (size_t rank = 0; rank < gpus.size(); ++rank)
    if (gpus[rank] == 0)
      without += (without.empty() ? "" : ", ") + std::to_string(rank) + " on " + hosts[rank];
  if (without.empty() || std::count(gpus.begin(), gpus.end(), 0.0) == std::ssize(gpus)) return;
  throw Error(ErrorKind::kUser, "some ranks see a GPU and others do not: no GPU for rank " + without,
              "the job's hosts", "is the driver there? or hide all GPUs with CUDA_VISIBLE_DEVICES=");
}

void Pretend(World& world, int per_host) {
  if (per_host <= 0) return;
  world.node = world.rank / per_host;
  world.nodes = (world.size + per_host - 1) / per_host;
  world.local_rank = world.rank % per_host;
  world.local_size = std::min(per_host, world.size - world.node * per_host);
}

// Two levels need several hosts with the same number, two or more, of ranks each.
bool TwoLevelsFit(Communicator& c) {
  const auto sizes = GatherScalars(c, c.world().local_size, "hosts");
  const bool even = std::all_of(sizes.begin(), sizes.end(), [&](double size) { return size == sizes[0]; });
  return even && sizes[0] > 1 && c.world().nodes > 1;
}

double SecondsFor(Communicator& c) {
  auto buffer = torch::zeros({4 << 20});
  double best = 1e9;
  for (int i = 0; i < 4; ++i) {
    const auto begin = Clock::now();
    c.AllReduce(buffer, Reduce::kSum, "probe").Wait();
    best = std::min(best, SecondsSince(begin));
  }
  return AllReduceScalar(c, best, Reduce::kMax, "probe");
}

void CheckHierarchy(const std::string& hierarchy) {
  if (hierarchy != "auto" && hierarchy != "flat" && hierarchy != "two_level")
    ThrowUser("unknown choice '" + hierarchy + "'", "--hierarchy", "one of auto, flat, two_level");
}

}  // namespace

c10::Device DeviceAlone(const std::string& wanted) {
  LaunchOptions options;
  options.device = wanted;
  return ChooseDevice(World(), options);
}

void LaunchOptions::Declare(OptionList& list) {
  list.Group("Ranks and machine");
  list.AddOperational("device", &device, OneOf({"auto", "cpu", "cuda"}),
                      "Where a rank computes; auto: a GPU a rank if its host has any");
  list.AddOperational("expect_world_size", &expect_world_size, AtLeast(0),
                      "Fail unless exactly this many ranks came up (0: any)");
  list.AddOperational("deadline_seconds", &deadlines.seconds, Above(0),
                      "A collective that takes longer ends the job");
  list.AddOperational("first_deadline_seconds", &deadlines.first_seconds, Above(0),
                      "The same for the first step");
  list.AddOperational("hierarchy", &hierarchy, OneOf({"auto", "flat", "two_level"}),
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
  std::unique_ptr<Communicator> Connect(const std::string& hierarchy) {
    auto flat = MakeMpiCommunicator(engine, MPI_COMM_WORLD, world, "world", job);
    if (hierarchy == "flat" || !TwoLevelsFit(*flat)) return flat;
    auto two_levels = MakeTwoLevelCommunicator(engine, MPI_COMM_WORLD, world, "world", job);
    if (hierarchy == "two_level") return two_levels;
    const double one = SecondsFor(*flat), two = SecondsFor(*two_levels);
    if (world.rank == 0)
      LOG(INFO) << "all-reduce of 16 MiB: flat " << one << " s, in two levels " << two
                << " s; taking the faster";
    return two < one ? std::move(two_levels) : std::move(flat);
  }
};

bool StartedByLauncher() {
  // What Open MPI, PMIx (srun --mpi=pmix), PMI-2 and MPICH's launchers set. Only "is there a launcher" is
  // read here; ranks come from MPI.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"})
    if (std::getenv(name)) return true;
  return false;
}

int LauncherRank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = std::getenv(name)) return std::atoi(rank);
  return 0;
}

void LetLowerRanksSpeak(int rank, double seconds) {
  if (rank == 0) return;
  const double until = seconds + 0.02 * std::min(rank, 50);
  const auto whole = static_cast<time_t>(until);
  const timespec turn{whole, static_cast<long>((until - static_cast<double>(whole)) * 1e9)}, end{3, 0};
  // A signal: the launcher ends the job. What follows within seconds cannot be caught.
  if (nanosleep(&turn, nullptr) != 0) nanosleep(&end, nullptr);
}

Launch::Launch(const LaunchOptions& options) : state_(std::make_unique<State>()) {
  auto& state = *state_;
  state.job->deadlines = options.deadlines;
  CheckHierarchy(options.hierarchy);
  if (StartedByLauncher()) state.world = StartMpi();
  Pretend(state.world, options.pretend_ranks_per_host);
  try {
    CheckWorldSize(state.world, options.expect_world_size);
  } catch (const Error&) {
    if (StartedByLauncher()) MPI_Finalize();  // all ranks come here
    throw;
  }
  state.world.device = ChooseDevice(state.world, options);
  MakeCurrent(state.world.device);
  if (state.world.size == 1) {
    state.communicator = MakeSoloCommunicator(state.world, options.deadlines);
    return;
  }
  const auto hosts = HostNames(state.world.size);
  state.engine = std::make_shared<MpiEngine>(state.world, hosts, state.job, options.heartbeat_seconds);
  state.communicator = state.Connect(options.hierarchy);
  CheckOneKind(*state.communicator, hosts);
  if (state.world.device.is_cuda())
    state.communicator = MakeNcclCommunicator(std::move(state.communicator), state.engine);
}

Launch::~Launch() = default;

const World& Launch::world() const { return state_->world; }
Communicator& Launch::communicator() { return *state_->communicator; }

int Launch::Run(const std::function<int()>& body) {
  int code = 0;
  if (!state_->engine) {
    code = body();
  } else {
    try {
      code = body();
    } catch (const Error& error) {
      LetLowerRanksSpeak(world().rank, kAbortSeconds);
      communicator().Abort(error.what(), error.exit_code());
    } catch (const std::exception& error) {
      LetLowerRanksSpeak(world().rank, kAbortSeconds);
      communicator().Abort(std::string("internal error: ") + error.what(), 70);
    }
    communicator().Barrier("end of the job");
    state_->communicator.reset();
    state_->engine->Stop();
  }
  if (StartedByLauncher()) MPI_Finalize();
  return code;
}

}  // namespace helio::cluster
