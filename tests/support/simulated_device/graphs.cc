// CUDA graphs of the simulated device: what is queued on a capturing stream is kept instead of done, and is
// done once for every launch. What CUDA forbids meanwhile ends the capture.
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <vector>

#include "queues.h"

extern "C" void sim_launches_graph();
extern "C" void sim_trace();

namespace sim {
namespace {

std::atomic<long> alive{0}, underway{0};

struct Graph {
  Graph() { ++alive; }
  Graph(const Graph&) = delete;
  ~Graph() {
    if (--alive == 0) ReleaseKept();
  }
  std::vector<std::function<void()>> nodes;
};

struct Recording {
  std::shared_ptr<Graph> graph;
  unsigned long long id = 0;
  bool valid = true;
};

struct Recordings {
  std::mutex mutex;
  std::map<cudaStream_t, Recording> by_stream;
  unsigned long long made = 0;
};
Recordings& recordings() {
  static auto* const all = new Recordings;
  return *all;
}

using Held = std::shared_ptr<Graph>;
Held& Of(cudaGraph_t graph) { return *reinterpret_cast<Held*>(graph); }
Held& Of(cudaGraphExec_t graph) { return *reinterpret_cast<Held*>(graph); }

// The latest capture that this thread had a part in: it began it, or queued for it.
thread_local unsigned long long own = 0;

bool IsOfCapture() {
  for (const auto& [stream, recording] : recordings().by_stream)
    if (recording.id == own) return true;
  return false;
}

// The recording of a stream; null: it does not capture. Under the mutex.
Recording* Find(cudaStream_t stream) {
  auto& all = recordings().by_stream;
  const auto found = all.find(Named(stream));
  return found == all.end() ? nullptr : &found->second;
}

cudaError_t Refuse(const char* what, cudaError_t error) {
  fprintf(stderr, "[simulated device: while a stream captures: %s]\n", what);
  sim_trace();
  for (auto& [stream, recording] : recordings().by_stream) recording.valid = false;
  return error;
}

}  // namespace

bool Captures(cudaStream_t stream) {
  if (!underway) return false;
  std::lock_guard guard(recordings().mutex);
  return Find(stream);
}

bool Record(cudaStream_t stream, std::function<void()>& work) {
  if (!underway) return false;
  std::lock_guard guard(recordings().mutex);
  auto* recording = Find(stream);
  if (recording) own = recording->id;
  if (recording && recording->valid) recording->graph->nodes.push_back(std::move(work));
  return recording;
}

bool AnyCaptures() { return underway > 0; }
bool AnyGraphs() { return alive > 0; }

cudaError_t MayQueue(cudaStream_t stream) {
  if (!underway) return Status();
  std::lock_guard guard(recordings().mutex);
  if (const auto* recording = Find(stream))
    return recording->valid ? Status() : cudaErrorStreamCaptureInvalidated;
  return IsDefault(stream) && IsOfCapture()
             ? Refuse("work for the default stream", cudaErrorStreamCaptureImplicit)
             : Status();
}

cudaError_t MayWait(cudaStream_t stream, const char* what) {
  if (!underway) return Status();
  std::lock_guard guard(recordings().mutex);
  return Find(stream) ? Refuse(what, cudaErrorStreamCaptureUnsupported) : Status();
}

cudaError_t MayWaitForAll(const char* what) {
  if (!underway) return Status();
  std::lock_guard guard(recordings().mutex);
  return Refuse(what, cudaErrorStreamCaptureUnsupported);
}

cudaError_t MayWaitFor(cudaStream_t stream, cudaStream_t captured) {
  if (!underway) return Status();
  std::lock_guard guard(recordings().mutex);
  const bool waits = Find(stream);
  if (captured ? waits && Named(stream) == captured : !waits) return Status();
  return Refuse("an event between a captured and another stream",
                captured ? cudaErrorStreamCaptureUnsupported : cudaErrorStreamCaptureIsolation);
}

}  // namespace sim

using namespace sim;

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode) {
  std::lock_guard guard(recordings().mutex);
  if (IsDefault(stream)) return cudaErrorStreamCaptureUnsupported;
  if (Find(stream)) return cudaErrorIllegalState;
  recordings().by_stream[Named(stream)] = {std::make_shared<Graph>(), own = ++recordings().made};
  ++underway;
  return Status();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  std::lock_guard guard(recordings().mutex);
  *graph = nullptr;
  auto ended = recordings().by_stream.extract(Named(stream));
  if (!ended) return cudaErrorIllegalState;
  --underway;
  if (!ended.mapped().valid) return cudaErrorStreamCaptureInvalidated;
  *graph = reinterpret_cast<cudaGraph_t>(new Held(ended.mapped().graph));
  return Status();
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus* status) {
  *status = cudaStreamCaptureStatusNone;
  if (!underway) return Status();
  std::lock_guard guard(recordings().mutex);
  if (const auto* recording = Find(stream))
    *status = recording->valid ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusInvalidated;
  return Status();
}

#undef cudaStreamGetCaptureInfo
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, enum cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t*, const cudaGraphNode_t**,
                                     const cudaGraphEdgeData**, size_t*) {
  const auto answer = cudaStreamIsCapturing(stream, status);
  std::lock_guard guard(recordings().mutex);
  if (const auto* recording = Find(stream); recording && id) *id = recording->id;
  return answer;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode* mode) {
  static thread_local auto set = cudaStreamCaptureModeGlobal;
  std::swap(set, *mode);
  return Status();
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t*, size_t* count) {
  *count = Of(graph)->nodes.size();
  return Status();
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* ready, cudaGraph_t graph, unsigned long long) {
  *ready = reinterpret_cast<cudaGraphExec_t>(new Held(Of(graph)));
  return Status();
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete &Of(graph);
  return Status();
}
// Launches that are queued go on.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete &Of(graph);
  return Status();
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  sim_launches_graph();
  if (const auto error = MayQueue(stream)) return error;
  Enqueue(stream, [held = Of(graph)] {
    for (const auto& node : held->nodes) node();
  });
  return Launch();
}
}
