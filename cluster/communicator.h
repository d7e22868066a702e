#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/pending.h"
#include "cluster/waits.h"
#include "cluster/world.h"
#include "src/base/exit_code.h"
#include "src/base/tensor_fwd.h"

namespace helio::cluster {

enum class Reduce { kSum, kMean, kMax };

// How long a collective may take before the job is ended.
struct Deadlines {
  double first_seconds = 1800;  // until the second BeginStep: start-up, compilation, cold files
  double seconds = 300;
};

// What all communicators of one rank share: where the rank is, and how long it may wait. Thread-safe.
struct JobState {
  std::atomic<int64_t> step{-1};  // -1: before the first step
  std::atomic<int64_t> steps_begun{0};
  std::atomic<int> own_work{0};  // OwnWork objects alive
  Waits waits;                   // in Communicator::Await, on any communicator
  Deadlines deadlines;

  double deadline_seconds() const {
    return steps_begun.load() < 2 ? deadlines.first_seconds : deadlines.seconds;
  }
};

// While it lives, this rank says that it does something alone that may take long (it writes a checkpoint to a
// slow disk, draws, evaluates): the others' deadline begins anew when that is over, and the work itself has
// first_seconds. Local, cheap.
class [[nodiscard]] OwnWork {
 public:
  explicit OwnWork(JobState& job) : job_(job) { ++job_.own_work; }
  OwnWork(const OwnWork&) = delete;
  OwnWork& operator=(const OwnWork&) = delete;
  ~OwnWork() { --job_.own_work; }

 private:
  JobState& job_;
};

// One collective call, for messages: "all_reduce #12 'd256/3' of world at step 7".
struct Call {
  std::string_view kind;  // a literal: "all_reduce", ...
  std::string label;
  uint64_t sequence = 0;  // within the communicator, from 1
  int64_t step = -1;
  std::string communicator;  // its name
  int communicator_id = 0;   // MpiEngine::NextCommunicatorId; 0 of other transports

  std::string Describe() const;
};

// The ranks' only way to each other. Every member marked collective is called by all ranks of the
// communicator in the same order with the same shapes, dtypes and arguments. One thread at a time calls it
// (not necessarily always the same one: autograd's threads are fine). Tensors are contiguous in memory order
// (dense, non-overlapping; views of a flat buffer are), on the CPU or on world().device; floating point
// (incl. bfloat16, half), int32, int64 or uint8.
//
// Order of summation: fixed. A result depends only on the inputs and the number of ranks (and hosts, with
// two-level reduction), is bit-identical on all ranks, and the same in every run (MPI: in rank order; NCCL:
// for a given topology and NCCL_ALGO). Over MPI 16-bit floats are summed in float32 and rounded once, and a
// maximum keeps NaN; NCCL rounds at every hop and drops NaN in a maximum.
//
// A call that some rank never makes does not block for ever: calls have the job's deadline, and when it
// passes the job ends on every rank (mpi_engine.h). Destructors never communicate.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  const World& world() const { return world_; }
  int rank() const { return world_.rank; }
  int size() const { return world_.size; }
  const std::string& name() const { return name_; }

  // In place, asynchronous, collective. kMean divides by size() after the sum; it and kMax want floating
  // point or integers that fit.
  Pending AllReduce(torch::Tensor buffer, Reduce op = Reduce::kSum, std::string label = "");

  // part {n} = this rank's n elements of the reduction of whole {size() * n}. Asynchronous, collective.
  // `whole` is scratch afterwards. `part` may be this rank's slice of `whole`.
  Pending ReduceScatter(torch::Tensor whole, torch::Tensor part, Reduce op = Reduce::kSum,
                        std::string label = "");

  // whole {size() * n} = every rank's part {n} in rank order. Asynchronous, collective. `part` may be this
  // rank's slice of `whole`.
  Pending AllGather(torch::Tensor part, torch::Tensor whole, std::string label = "");

  // buffer = root's buffer. Asynchronous, collective.
  Pending Broadcast(torch::Tensor buffer, int root = 0, std::string label = "");

  // Waits, and records that as a wait for others (JobState::waits): what a rank is not busy with. Local.
  void Await(const Pending& pending);

  // Returns when every rank has entered. Collective, blocks the host.
  void Barrier(std::string label = "");

  // A communicator among the ranks that give the same color, ordered by rank; an order of collectives of its
  // own. Collective over this communicator, blocks.
  std::unique_ptr<Communicator> Split(int color, std::string name);

  // A communicator of the same ranks whose collectives do not disturb this one's order. Collective, blocks.
  std::unique_ptr<Communicator> Duplicate(std::string name) { return Split(0, std::move(name)); }

  // Takes the whole job down with `cause`: every rank's Wait throws Error{kCluster} carrying it; process
  // ranks that do not end by themselves are ended with `exit_code`. Not collective, thread-safe, never blocks
  // long.
  virtual void Abort(std::string_view cause, int exit_code = kRequeueCode) noexcept = 0;

  // Tells watchdog and messages that this rank begins training step `step`. Local, cheap.
  void BeginStep(int64_t step);
  JobState& job() { return *job_; }
  const std::shared_ptr<JobState>& share_job() const { return job_; }

  // Calls made so far. The same on every healthy rank.
  uint64_t sequence() const { return sequence_; }

 protected:
  // `id`: what its calls carry. Where ranks tell each other of calls it is the same on all its ranks, and no
  // other communicator of this rank has it.
  Communicator(World world, std::string name, std::shared_ptr<JobState> job, int id = 0)
      : world_(world), name_(std::move(name)), job_(std::move(job)), id_(id) {}

  int id() const { return id_; }

  virtual Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) = 0;
  virtual Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) = 0;
  virtual Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) = 0;
  virtual Pending DoBroadcast(const Call& call, torch::Tensor buffer, int root) = 0;
  virtual void DoBarrier(const Call& call) = 0;
  virtual std::unique_ptr<Communicator> DoSplit(const Call& call, int color, std::string name) = 0;

 private:
  Call NextCall(std::string_view kind, std::string label);

  World world_;
  std::string name_;
  std::shared_ptr<JobState> job_;
  int id_;
  uint64_t sequence_ = 0;
};

// Host-side conveniences over small CPU tensors. Collective, block.
std::vector<double> GatherScalars(Communicator& communicator, double own, std::string label = "");
double AllReduceScalar(Communicator& communicator, double own, Reduce op, std::string label = "");
// Root's value; the others' counts for nothing.
double BroadcastScalar(Communicator& communicator, double own, int root = 0, std::string label = "");
std::vector<std::string> GatherStrings(Communicator& communicator, const std::string& own,
                                       std::string label = "");
// Root's tensors (already of the right shape everywhere) to all ranks: weights and buffers at start-up.
void BroadcastTensors(Communicator& communicator, const std::vector<torch::Tensor>& tensors, int root = 0);

}  // namespace helio::cluster
