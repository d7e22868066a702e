// Streams and events of the simulated device.
#include "queues.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <thread>

extern "C" void sim_host_waits();
extern "C" void sim_trace();
extern "C" void sim_uses();

namespace sim {

struct Mark {
  bool done = false;
  std::chrono::steady_clock::time_point time;
};

namespace {

// One lock for all: simple, and there are few streams. Never destroyed: threads outlive main.
struct Lock {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;  // nothing more is begun
};
Lock& lock() {
  static auto* const one = new Lock;
  return *one;
}

class Stream {
 public:
  explicit Stream(size_t number) : random_(Seed() + number) {}

  void Add(std::function<void()> work) {
    std::lock_guard guard(lock().mutex);
    if (!started_) std::thread([this] { Loop(); }).detach();
    started_ = true;
    queue_.push_back(std::move(work));
    lock().changed.notify_all();
  }
  bool started() const { return started_; }
  bool IsIdle() const {
    std::lock_guard guard(lock().mutex);
    return queue_.empty() && !busy_;
  }
  bool busy() const { return busy_; }
  bool IsDefault() const { return is_default_; }
  void MakeDefault() { is_default_ = true; }

 private:
  static size_t Seed() {
    const char* seed = getenv("SIM_ASYNC");
    return seed ? 1000 * std::strtoul(seed, nullptr, 10) : 0;
  }

  // SIM_SLOW=RANK:MICROSECONDS: what that rank's device needs longer for each piece of work.
  static std::chrono::microseconds Slowness() {
    static const auto own = [] {
      int rank = 0, longer = 0;
      const char* slow = getenv("SIM_SLOW");
      const bool is_ours = slow && sscanf(slow, "%d:%d", &rank, &longer) == 2 && rank == Rank();
      return std::chrono::microseconds(is_ours ? longer : 0);
    }();
    return own;
  }

  void Loop() {
    while (true) {
      auto work = Next();
      if (random_() % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random_() % 1000));
      if (is_default_) std::this_thread::sleep_for(Slowness());
      work();
    }
  }
  std::function<void()> Next() {
    std::unique_lock guard(lock().mutex);
    busy_ = false;
    if (lock().ended) lock().changed.notify_all();
    lock().changed.wait(guard, [this] { return !queue_.empty() && !lock().ended; });
    auto work = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    return work;
  }

  std::deque<std::function<void()>> queue_;
  std::minstd_rand random_;
  bool started_ = false, busy_ = false, is_default_ = false;
};

std::deque<Stream*>& streams() {
  static auto* const all = new std::deque<Stream*>;
  return *all;
}

// Under the lock.
Stream* NewStream() { return streams().emplace_back(new Stream(streams().size())); }

Stream& Of(cudaStream_t stream) {
  if (stream) return *reinterpret_cast<Stream*>(stream);
  static auto* const defaults = new std::map<int, Stream*>;
  int device = 0;
  cudaGetDevice(&device);
  std::lock_guard guard(lock().mutex);
  auto& found = (*defaults)[device];
  if (!found) (found = NewStream())->MakeDefault();
  return *found;
}

struct Event {
  std::shared_ptr<Mark> mark;       // null: never recorded
  cudaStream_t captured = nullptr;  // the capturing stream on which it was recorded
};
Event& Of(cudaEvent_t event) { return *reinterpret_cast<Event*>(event); }

std::atomic<int> broken{cudaSuccess};

}  // namespace

bool Asynchronous() {
  static const char* const seed = getenv("SIM_ASYNC");
  return seed && *seed;
}

bool Planted(const char* name) {
  static const char* const planted = getenv("SIM_PLANT");
  return planted && !strcmp(planted, name);
}

int Rank() {
  const char* rank = getenv("OMPI_COMM_WORLD_RANK");
  return rank ? atoi(rank) : 0;
}

bool Fails(const char* kind) {
  static const char* const wanted = getenv("SIM_FAIL");
  int rank = 0;
  long at = 0;
  char what[16] = "";
  if (!wanted || sscanf(wanted, "%d:%15[a-z]:%ld", &rank, what, &at) != 3) return false;
  static std::atomic<long> seen{0};
  return rank == Rank() && !strcmp(what, kind) && ++seen == at;
}

cudaStream_t Named(cudaStream_t stream) {
  return Asynchronous() ? reinterpret_cast<cudaStream_t>(&Of(stream)) : stream;
}

bool IsDefault(cudaStream_t stream) { return !stream || Of(stream).IsDefault(); }

void Enqueue(cudaStream_t stream, std::function<void()> work) {
  if (!Record(stream, work)) EnqueueNow(stream, std::move(work));
}
void EnqueueNow(cudaStream_t stream, std::function<void()> work) {
  if (Asynchronous())
    Of(stream).Add(std::move(work));
  else
    work();
}

std::shared_ptr<Mark> MarkEnd(cudaStream_t stream) {
  auto mark = std::make_shared<Mark>();
  Enqueue(stream, [mark] {
    std::lock_guard guard(lock().mutex);
    mark->done = true;
    mark->time = std::chrono::steady_clock::now();
    lock().changed.notify_all();
  });
  return mark;
}

bool IsDone(const std::shared_ptr<Mark>& mark) {
  std::lock_guard guard(lock().mutex);
  return !mark || mark->done;
}

void Await(const std::shared_ptr<Mark>& mark) {
  std::unique_lock guard(lock().mutex);
  lock().changed.wait(guard, [&] { return !mark || mark->done || lock().ended; });
}

void AbandonQueues() {
  std::unique_lock guard(lock().mutex);
  lock().ended = true;
  lock().changed.notify_all();
  lock().changed.wait_for(guard, std::chrono::seconds(2), [] {
    return std::none_of(streams().begin(), streams().end(),
                        [](const auto* stream) { return stream->busy(); });
  });
}

void Drain(cudaStream_t stream) {
  if (Asynchronous()) Await(MarkEnd(stream));
}

void Break(cudaError_t error) {
  int none = cudaSuccess;
  broken.compare_exchange_strong(none, error);
}
// A launch that breaks something is itself a success, as on a device: who asks later is told.
cudaError_t Launch() {
  const auto before = Status();
  if (Fails("launch")) Break(cudaErrorIllegalAddress);
  return before;
}
cudaError_t Status() { return static_cast<cudaError_t>(broken.load()); }

}  // namespace sim

using namespace sim;

extern "C" {

cudaError_t sim_status() { return Status(); }
cudaError_t sim_launch(cudaStream_t stream, long* count) {
  sim_uses();
  if (const auto error = MayQueue(stream)) return error;
  *count += !Captures(stream);
  return Launch();
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  sim_uses();
  std::lock_guard guard(lock().mutex);
  *stream = reinterpret_cast<cudaStream_t>(NewStream());
  return Status();
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return Status(); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  sim_uses();
  sim_host_waits();
  if (const auto error = MayWait(stream, "the host waits for it")) return error;
  if (!Planted("host_early")) Drain(stream);
  return Status();
}
cudaError_t cudaDeviceSynchronize() {
  sim_uses();
  sim_host_waits();
  if (const auto error = MayWaitForAll("the host waits for the device")) return error;
  std::deque<Stream*> all;
  {
    std::lock_guard guard(lock().mutex);
    for (auto* stream : streams())
      if (stream->started()) all.push_back(stream);
  }
  for (auto* stream : all) Drain(reinterpret_cast<cudaStream_t>(stream));
  return Status();
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  sim_uses();
  if (const auto error = MayWait(stream, "the host asks whether it is done")) return error;
  return Of(stream).IsIdle() ? Status() : cudaErrorNotReady;
}
// Plants: a collective that does not wait for what makes its operands, a user that does not wait for it.
#undef cudaStreamWaitEvent
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  sim_uses();
  if (const auto error = MayWaitFor(stream, Of(event).captured)) return error;
  if (!Asynchronous() || Of(event).captured) return Status();
  if (Planted(Of(stream).IsDefault() ? "result_early" : "operand_early")) return Status();
  Enqueue(stream, [mark = Of(event).mark] { Await(mark); });
  return Status();
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  sim_uses();
  *event = reinterpret_cast<cudaEvent_t>(new Event);
  return Status();
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete &Of(event);
  return Status();
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  sim_uses();
  if (const auto error = MayQueue(stream)) return error;
  Of(event) = Captures(stream) ? Event{nullptr, Named(stream)} : Event{MarkEnd(stream)};
  return Status();
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, 0);
}
// Plant: pinned memory that is used again before it has been read.
cudaError_t sim_event_query(cudaEvent_t event) {
  if (Of(event).captured) return sim_trace(), cudaErrorCapturedEvent;
  return IsDone(Of(event).mark) || Planted("pinned_early") ? Status() : cudaErrorNotReady;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  sim_uses();
  sim_host_waits();
  if (Of(event).captured) return sim_trace(), cudaErrorCapturedEvent;
  if (!Planted("host_early")) Await(Of(event).mark);
  return Status();
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(Of(end).mark->time - Of(begin).mark->time).count();
  return Status();
}
}
