// What the simulated device's parts share: streams as queues, errors on demand, planted mistakes.
#pragma once
#include <cuda_runtime_api.h>

#include <functional>
#include <memory>

namespace sim {

// SIM_ASYNC=SEED: each stream is a queue that a thread of its own works off, with random delays; else all is
// done at once, by who asks for it.
bool Asynchronous();
// SIM_PLANT=NAME: the runtime leaves something out, as if the program had forgotten to ask for it (README).
bool Planted(const char* name);
// SIM_FAIL=RANK:KIND:N: whether this is the N-th event of that kind on that rank. Counts.
bool Fails(const char* kind);
// Which rank of its job this process is.
int Rank();

// In the stream's order. `stream` null: the calling thread's device's default stream, which Named calls by a
// name that every thread knows.
cudaStream_t Named(cudaStream_t stream);
void Enqueue(cudaStream_t stream, std::function<void()> work);
// The same, where the stream captures too: what becomes of memory that the graph does not own.
void EnqueueNow(cudaStream_t stream, std::function<void()> work);
bool IsDefault(cudaStream_t stream);
// What has been queued so far on a stream: done or not.
struct Mark;
std::shared_ptr<Mark> MarkEnd(cudaStream_t stream);
bool IsDone(const std::shared_ptr<Mark>& mark);
void Await(const std::shared_ptr<Mark>& mark);
// The program is at its end: what is being done is finished, what is queued behind it is not begun.
void AbandonQueues();
// The host waits for all that is queued on the stream.
void Drain(cudaStream_t stream);

// CUDA graphs (graphs.cc). Whether the stream captures; takes the work if it does; whether there is any
// graph.
bool Captures(cudaStream_t stream);
bool Record(cudaStream_t stream, std::function<void()>& work);
bool AnyCaptures();
bool AnyGraphs();
// What CUDA answers while a stream captures, to work for a stream, to a wait for one, for all, and of one for
// an event. `captured`: the capturing stream on which the event was recorded, or null. An error ends the
// capture.
cudaError_t MayQueue(cudaStream_t stream);
cudaError_t MayWait(cudaStream_t stream, const char* what);
cudaError_t MayWaitForAll(const char* what);
cudaError_t MayWaitFor(cudaStream_t stream, cudaStream_t captured);
// Memory that captured work used may go: the last graph is gone.
void ReleaseKept();

// An error that sticks: from now on every call of the runtime answers it.
void Break(cudaError_t error);
cudaError_t Status();

// A kernel is launched: the state of the device.
cudaError_t Launch();
// The stream `by` uses this memory: it is not freed before what `by` has queued at that time is done.
void RecordUse(void* memory, cudaStream_t by);
// Whose memory a new block is: LibTorch's current stream.
void SetCurrentStream(cudaStream_t (*current)());
// What no program may read: every byte 0xff, which is NaN in every float format.
void Poison(void* memory, size_t bytes);

}  // namespace sim
