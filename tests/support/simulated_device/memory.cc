// Memory and copies of the simulated device.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "queues.h"

extern "C" void sim_reads();
extern "C" void sim_writes();
extern "C" void sim_uses();

namespace sim {
namespace {

struct Block {
  size_t bytes = 0;
  std::vector<cudaStream_t> users;  // the first: on which it was made
  bool captured = false;            // made while that stream captured
};

// Freed memory stays poisoned for a while before anybody gets it again: longer where a graph may still read
// it.
size_t Graveyard() { return (AnyGraphs() ? 512 : 64) << 20; }

struct Memory {
  std::mutex mutex;
  std::map<const void*, Block> device, pinned;
  std::deque<std::pair<void*, size_t>> graveyard;
  std::vector<std::pair<void*, size_t>> kept;  // freed, but graphs use it
  size_t buried = 0;
  cudaStream_t (*current_stream)() = [] { return cudaStream_t{}; };
};
Memory& memory() {
  static auto* const all = new Memory;
  return *all;
}

void Bury(void* block, size_t bytes) {
  Poison(block, bytes);
  auto& m = memory();
  std::lock_guard guard(m.mutex);
  m.graveyard.emplace_back(block, bytes);
  for (m.buried += bytes; m.buried > Graveyard() && m.graveyard.size() > 1; m.graveyard.pop_front()) {
    free(m.graveyard.front().first);
    m.buried -= m.graveyard.front().second;
  }
}

// Memory of a graph outlives its tensor: later launches use it again, after what is NaN to whoever reads it
// in between.
void Keep(void* block, size_t bytes) {
  if (!AnyGraphs()) return Bury(block, bytes);
  std::lock_guard guard(memory().mutex);
  memory().kept.emplace_back(block, bytes);
}

// Who frees in a capture frees at that place of every launch; who frees later, after what it has queued.
void FreeCaptured(void* block, const Block& taken) {
  const auto stream = memory().current_stream();
  const bool captures = Captures(stream);
  Enqueue(stream, [=, bytes = taken.bytes] {
    Poison(block, bytes);
    if (!captures) Keep(block, bytes);
  });
  if (captures) Keep(block, taken.bytes);
}

Block Take(std::map<const void*, Block>& blocks, void* memory_of) {
  std::lock_guard guard(memory().mutex);
  auto block = blocks.extract(memory_of);
  return block ? std::move(block.mapped()) : Block{};
}

bool IsPinned(const void* address) {
  auto& m = memory();
  std::lock_guard guard(m.mutex);
  auto after = m.pinned.upper_bound(address);
  if (after == m.pinned.begin()) return false;
  const auto& [begin, block] = *--after;
  return static_cast<const char*>(address) < static_cast<const char*>(begin) + block.bytes;
}

}  // namespace

void Poison(void* block, size_t bytes) { memset(block, 0xff, bytes); }

void ReleaseKept() {
  std::vector<std::pair<void*, size_t>> kept;
  {
    std::lock_guard guard(memory().mutex);
    kept.swap(memory().kept);
  }
  for (const auto& [block, bytes] : kept) Bury(block, bytes);
}

void SetCurrentStream(cudaStream_t (*current)()) { memory().current_stream = current; }

void RecordUse(void* block, cudaStream_t by) {
  if (Planted("freed_early")) return;
  std::lock_guard guard(memory().mutex);
  if (auto found = memory().device.find(block); found != memory().device.end())
    found->second.users.push_back(Named(by));
}

}  // namespace sim

using namespace sim;

extern "C" {

cudaError_t cudaMalloc(void** block, size_t bytes) {
  sim_uses();
  if (Fails("malloc")) return cudaErrorMemoryAllocation;
  *block = aligned_alloc(512, (bytes + 511) / 512 * 512);
  if (Asynchronous())
    Poison(*block, bytes);
  else
    memset(*block, 0, bytes);
  const auto stream = Named(memory().current_stream());
  // Without operators nobody says what the current stream is.
  const bool captured = Asynchronous() ? Captures(stream) : AnyCaptures();
  if (captured && Asynchronous()) Enqueue(stream, [at = *block, bytes] { Poison(at, bytes); });
  std::lock_guard guard(memory().mutex);
  memory().device[*block] = {bytes, {stream}, captured};
  return Status();
}

// In the order of the streams that use it, as LibTorch's allocator hands a block on: who used it last buries
// it. That allocator asks the device, and so throws out of a destructor where it is broken, if it has to wait
// for other streams.
cudaError_t cudaFree(void* block) {
  const auto taken = Take(memory().device, block);
  const auto answer = taken.users.size() > 1 ? Status() : cudaSuccess;
  if (taken.captured) {
    FreeCaptured(block, taken);
    return answer;
  }
  if (!Asynchronous() || taken.users.empty()) {
    free(block);
    return answer;
  }
  auto left = std::make_shared<std::atomic<size_t>>(taken.users.size());
  for (auto stream : taken.users)
    EnqueueNow(stream, [=, bytes = taken.bytes] {
      if (--*left == 0) Bury(block, bytes);
    });
  return answer;
}

cudaError_t cudaHostAlloc(void** block, size_t bytes, unsigned) {
  sim_uses();
  *block = malloc(bytes);
  std::lock_guard guard(memory().mutex);
  memory().pinned[*block] = {bytes, {}};
  return Status();
}
cudaError_t cudaFreeHost(void* block) {
  Take(memory().pinned, block);
  free(block);
  return Status();
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes* attributes, const void* address) {
  sim_uses();
  *attributes = {};
  attributes->type = IsPinned(address) ? cudaMemoryTypeHost : cudaMemoryTypeDevice;
  return Status();
}

// Host memory that is not pinned is read or written before the call returns, as CUDA does.
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream) {
  sim_uses();
  if (kind == cudaMemcpyDeviceToHost) sim_reads();
  if (kind == cudaMemcpyHostToDevice) sim_writes();
  const bool waits = kind == cudaMemcpyDeviceToHost && !IsPinned(to);
  if (const auto error = waits ? MayWait(stream, "the host reads") : MayQueue(stream)) return error;
  if (kind == cudaMemcpyHostToDevice && Asynchronous() && !IsPinned(from)) {
    std::vector<char> taken(static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
    Enqueue(stream, [=, taken = std::move(taken)] { memcpy(to, taken.data(), taken.size()); });
    return Status();
  }
  Enqueue(stream, [=] { memcpy(to, from, bytes); });
  if (waits) Drain(stream);
  return Status();
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, enum cudaMemcpyKind kind) {
  sim_uses();
  if (kind == cudaMemcpyHostToDevice) sim_writes();
  if (const auto error = MayWaitForAll("the host copies")) return error;
  if (Asynchronous()) Drain(nullptr);
  memcpy(to, from, bytes);
  return Status();
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  sim_uses();
  if (const auto error = MayQueue(stream)) return error;
  Enqueue(stream, [=] { memset(to, value, bytes); });
  return Status();
}
cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  return cudaMemsetAsync(to, value, bytes, nullptr);
}
}
