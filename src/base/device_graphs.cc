#include "src/base/device_graphs.h"

#include <vector>

#include "src/base/error.h"
// clang-format off
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
// clang-format on

namespace helio {
namespace {

// Whether CUDA refused something that a capture may not hold.
bool IsOfCapture(const c10::AcceleratorError& error) {
  return error.get_error_code() >= cudaErrorStreamCaptureUnsupported &&
         error.get_error_code() <= cudaErrorStreamCaptureWrongThread;
}

// A stream for captures alone: when another thread frees page-locked memory, torch records an event on each
// stream that used it, which must not be one that captures. One for all captures of a thread: autograd's
// nodes remember the stream of their forward.
const c10::cuda::CUDAStream& CaptureStream() {
  static thread_local const auto stream = c10::cuda::getStreamFromPool();
  return stream;
}

void EndQuietly(at::cuda::CUDAGraph& graph) {
  try {
    graph.capture_end();
  } catch (const c10::Error&) {  // the capture is over; the exception under way says better why
  }
}

// What `work` queues on the current stream, which is left capturing by no exception.
void CaptureInto(at::cuda::CUDAGraph& graph, const c10::MempoolId_t& memory,
                 const std::function<void()>& work) {
  graph.capture_begin(memory, cudaStreamCaptureModeThreadLocal);
  try {
    work();
  } catch (...) {
    EndQuietly(graph);
    throw;
  }
  graph.capture_end();
}

// Of the exception that is being handled: a refused capture as Error{kUser}, anything else (a broken device)
// as it is.
[[noreturn]] void RethrowRefusal(const c10::Error& error, const std::string& what) {
  const auto* of_device = dynamic_cast<const c10::AcceleratorError*>(&error);
  if (of_device && !IsOfCapture(*of_device)) throw;
  const std::string all = error.what_without_backtrace();
  ThrowUser("cannot be captured: " + all.substr(0, all.find('\n')), what, "leave out --cuda_graph");
}

}  // namespace

bool IsCapturing() {
  return c10::cuda::currentStreamCaptureStatusMayInitCtx() != c10::cuda::CaptureStatus::None;
}

struct DeviceGraphs::Graphs {
  const c10::MempoolId_t memory = at::cuda::graph_pool_handle();
  std::vector<std::unique_ptr<at::cuda::CUDAGraph>> pieces;
};

DeviceGraphs::DeviceGraphs() : graphs_(std::make_unique<Graphs>()) {}
DeviceGraphs::~DeviceGraphs() = default;

void DeviceGraphs::Capture(const std::string& what, const std::function<void()>& work) {
  // The allocator keeps memory of earlier steps, which the graphs' own pool cannot use.
  if (graphs_->pieces.empty()) {
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
  }
  const c10::cuda::CUDAStreamGuard on_stream(CaptureStream());
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  try {
    CaptureInto(*graph, graphs_->memory, work);
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& error) {
    RethrowRefusal(error, what);
  }
  graphs_->pieces.push_back(std::move(graph));
}

void DeviceGraphs::Launch(size_t piece) const { graphs_->pieces.at(piece)->replay(); }

}  // namespace helio
