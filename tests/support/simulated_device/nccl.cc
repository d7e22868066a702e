// NCCL over POSIX shared memory between processes of one machine, for the simulated device: in rank order, in
// the order of the streams. Its rules are looked at: the same calls in the same order on every rank, one
// launch order over all communicators of a device, no call on a communicator that is gone.
#include <fcntl.h>
#include <nccl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "nccl_numbers.h"
#include "queues.h"

namespace {

constexpr size_t kSlot = 4 << 20;
constexpr int kRanks = 64;

struct Call {
  char kind[16];
  size_t count;
  ncclDataType_t type;
  ncclRedOp_t op;
  int root;
  long number;  // of its communicator, from 1

  bool SameAs(const Call& other) const {
    return !strcmp(kind, other.kind) && count == other.count && type == other.type && op == other.op &&
           root == other.root && number == other.number;
  }
  std::string Words() const {
    return std::string(kind) + " " + std::to_string(number) + " (" + std::to_string(count) + " of type " +
           std::to_string(type) + ")";
  }
};

// Zero when it is made.
struct Shared {
  std::atomic<int> arrived, phase;
  Call calls[kRanks];
  char slots[];
};

}  // namespace

struct ncclComm {
  Shared* shared = nullptr;
  int rank = 0, ranks = 1, number = 0;
  long calls = 0;
  std::shared_ptr<sim::Mark> last;  // of its latest call
  std::atomic<bool> gone{false};
  std::atomic<ncclResult_t> state{ncclSuccess};
};

namespace {

void Say(ncclComm_t c, const std::string& what) {
  fprintf(stderr, "[simulated NCCL: rank %d, communicator %d: %s]\n", c->rank, c->number, what.c_str());
}

// SIM_NCCL_LOG: a folder; each process notes there what becomes of its communicators, by number.
void Note(const char* what, ncclComm_t c) {
  const char* folder = getenv("SIM_NCCL_LOG");
  if (!folder) return;
  if (FILE* f = fopen((std::string(folder) + "/" + std::to_string(sim::Rank())).c_str(), "a")) {
    fprintf(f, "%s %d\n", what, c->number);
    fclose(f);
  }
}

// What holds the others up, once it has lasted: who has come to which call.
void SayDeadlock(ncclComm_t c) {
  const auto& mine = c->shared->calls[c->rank];
  std::string others;
  for (int r = 0; r < c->ranks; ++r)
    if (const auto& call = c->shared->calls[r]; call.number < mine.number)
      others += ", rank " + std::to_string(r) + " is at call " + std::to_string(call.number);
  Say(c, "deadlock? " + mine.Words() + " has waited for 3 s" + others);
}

// All ranks of the communicator; false: this rank has left it.
bool Meet(ncclComm_t c) {
  auto& s = *c->shared;
  const int phase = s.phase;
  if (++s.arrived == c->ranks) {
    s.arrived = 0;
    ++s.phase;
    return true;
  }
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  bool said = false;
  for (long spins = 0; s.phase == phase; ++spins) {
    if (c->gone) return false;
    if (!said && std::chrono::steady_clock::now() > late) {
      said = true;
      SayDeadlock(c);
    }
    if (spins < 100)
      sched_yield();
    else
      usleep(20);
  }
  return true;
}

char* Slot(ncclComm_t c, int rank) { return c->shared->slots + rank * kSlot; }

// `n` elements that begin `at` bytes into every rank's slot.
void Fold(ncclComm_t c, char* out, size_t at, size_t n, const Call& call) {
  const size_t width = sim::SizeOf(call.type);
  for (size_t i = 0; i < n; ++i) {
    double value = sim::ReadNumber(Slot(c, 0) + at + i * width, call.type);
    for (int r = 1; r < c->ranks; ++r)
      value = sim::Reduced(value, sim::ReadNumber(Slot(c, r) + at + i * width, call.type), call.op);
    sim::WriteNumber(out + i * width, call.type, call.op == ncclAvg ? value / c->ranks : value);
  }
}

// `n` elements from element `i` of a rank's part: what a rank shows the others, and what it takes from them.
struct Piece {
  size_t i, n;
};

void Show(ncclComm_t c, const Call& call, const char* in, Piece piece) {
  const size_t w = sim::SizeOf(call.type);
  const std::string kind = call.kind;
  if (kind == "ReduceScatter")
    for (int r = 0; r < c->ranks; ++r)
      memcpy(Slot(c, c->rank) + r * piece.n * w, in + (r * call.count + piece.i) * w, piece.n * w);
  else if (kind != "Broadcast" || c->rank == call.root)
    memcpy(Slot(c, c->rank), in + piece.i * w, piece.n * w);
}

void See(ncclComm_t c, const Call& call, char* out, Piece piece) {
  const size_t w = sim::SizeOf(call.type);
  const std::string kind = call.kind;
  if (kind == "AllReduce")
    Fold(c, out + piece.i * w, 0, piece.n, call);
  else if (kind == "ReduceScatter")
    Fold(c, out + piece.i * w, c->rank * piece.n * w, piece.n, call);
  else if (kind == "Broadcast")
    memcpy(out + piece.i * w, Slot(c, call.root), piece.n * w);
  else
    for (int r = 0; r < c->ranks; ++r) memcpy(out + (r * call.count + piece.i) * w, Slot(c, r), piece.n * w);
}

// Whether all ranks have come with the same call.
bool Agree(ncclComm_t c, const Call& call) {
  c->shared->calls[c->rank] = call;
  if (!Meet(c)) return false;
  bool same = true;
  for (int r = 0; r < c->ranks; ++r)
    if (const auto& other = c->shared->calls[r]; !call.SameAs(other)) {
      Say(c, "mismatch: " + call.Words() + ", rank " + std::to_string(r) + ": " + other.Words());
      same = false;
    }
  if (!same) c->state = ncclInvalidUsage;
  return Meet(c) && same;
}

bool Exchange(ncclComm_t c, const Call& call, const char* in, char* out) {
  if (!Agree(c, call)) return false;
  const size_t step = kSlot / sim::SizeOf(call.type) / (strcmp(call.kind, "ReduceScatter") ? 1 : c->ranks);
  for (size_t i = 0; i < call.count; i += step) {
    const Piece piece{i, std::min(step, call.count - i)};
    Show(c, call, in, piece);
    if (!Meet(c)) return false;
    See(c, call, out, piece);
    if (!Meet(c)) return false;
  }
  return true;
}

// A network that fails: the collective never ends, the communicator says so when it is asked.
void BreakDown(ncclComm_t c) {
  Say(c, "its network fails");
  c->state = ncclRemoteError;
  while (!c->gone) usleep(1000);
}

// On its stream, and over all communicators of this process in launch order, as with
// NCCL_LAUNCH_ORDER_IMPLICIT: so an order that differs between ranks is a deadlock.
ncclResult_t Start(Call call, const void* in, void* out, ncclComm_t c, cudaStream_t stream) {
  if (c->gone) {
    Say(c, "used after its end");
    return ncclInvalidUsage;
  }
  if (c->state != ncclSuccess) return c->state;
  if (sim::Captures(stream)) {
    Say(c, "captured: that is not simulated");
    return ncclInvalidUsage;
  }
  call.number = ++c->calls;
  const bool fails = sim::Fails("nccl");
  const size_t whole = call.count * sim::SizeOf(call.type) * (strcmp(call.kind, "AllGather") ? 1 : c->ranks);
  static std::mutex mutex;
  static auto& last = *new std::shared_ptr<sim::Mark>;
  std::lock_guard lock(mutex);
  sim::Enqueue(stream, [before = last] { sim::Await(before); });
  sim::Enqueue(stream, [=] {
    if (fails) BreakDown(c);
    if (!Exchange(c, call, static_cast<const char*>(in), static_cast<char*>(out))) sim::Poison(out, whole);
  });
  last = sim::MarkEnd(stream);
  c->last = last;
  return ncclSuccess;
}

Call Of(const char* kind, size_t count, ncclDataType_t type, ncclRedOp_t op = ncclSum, int root = 0) {
  Call call{{}, count, type, op, root, 0};
  strcpy(call.kind, kind);
  return call;
}

}  // namespace

extern "C" {

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclSuccess        ? "no error"
         : result == ncclRemoteError  ? "remote process exited or there was a network error"
         : result == ncclInvalidUsage ? "invalid usage"
                                      : "simulated NCCL error";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int made;
  *id = {};
  snprintf(id->internal, sizeof id->internal, "/simnccl-%d-%d", getpid(), made++);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank, ncclConfig_t*) {
  static int made;
  const size_t size = sizeof(Shared) + ranks * kSlot;
  const int file = shm_open(id.internal, O_CREAT | O_RDWR, 0600);
  if (ranks > kRanks || file < 0 || ftruncate(file, size)) return ncclSystemError;
  auto* c = *comm = new ncclComm;
  c->shared = static_cast<Shared*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  close(file);
  c->rank = rank;
  c->ranks = ranks;
  c->number = ++made;
  Meet(c);
  if (rank == 0) shm_unlink(id.internal);
  Note("init", c);
  return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t c, ncclResult_t* error) {
  *error = c->state;
  return ncclSuccess;
}

// Waits for nobody. The communicator stays behind, so that later use is seen.
ncclResult_t ncclCommAbort(ncclComm_t c) {
  c->gone = true;
  Note("abort", c);
  return ncclSuccess;
}
// Waits for its own work and for the other ranks, as NCCL's own may.
ncclResult_t ncclCommFinalize(ncclComm_t c) {
  sim::Await(c->last);
  Meet(c);
  Note("finalize", c);
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t c) {
  c->gone = true;
  Note("destroy", c);
  return ncclSuccess;
}

ncclResult_t ncclAllReduce(const void* in, void* out, size_t count, ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t c, cudaStream_t stream) {
  return Start(Of("AllReduce", count, type, op), in, out, c, stream);
}
ncclResult_t ncclReduceScatter(const void* in, void* out, size_t count, ncclDataType_t type, ncclRedOp_t op,
                               ncclComm_t c, cudaStream_t stream) {
  return Start(Of("ReduceScatter", count, type, op), in, out, c, stream);
}
ncclResult_t ncclAllGather(const void* in, void* out, size_t count, ncclDataType_t type, ncclComm_t c,
                           cudaStream_t stream) {
  return Start(Of("AllGather", count, type), in, out, c, stream);
}
ncclResult_t ncclBroadcast(const void* in, void* out, size_t count, ncclDataType_t type, int root,
                           ncclComm_t c, cudaStream_t stream) {
  return Start(Of("Broadcast", count, type, ncclSum, root), in, out, c, stream);
}
}
