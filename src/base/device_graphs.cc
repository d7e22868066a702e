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

// CUDA's codes for what a capture may not hold.
bool IsOfCapture(const c10::AcceleratorError& error) {
  return error.get_error_code() >= cudaErrorStreamCaptureUnsupported &&
         error.get_error_code() <= cudaErrorStreamCaptureWrongThread;
}

// For nothing but captures: another thread may free page-locked memory that was used on any other stream, and
// torch would record an event there. One for all of a thread: autograd's nodes remember it.
const c10::cuda::CUDAStream& CaptureStream() {
  static thread_local const auto stream = c10::cuda::getStreamFromPool();
  return stream;
}

void EndQuietly(at::cuda::CUDAGraph& graph) {
  try {
    graph.capture_end();
  } catch (const c10::Error&) {  // it is over; why is known better
  }
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
  if (graphs_->pieces.empty()) {  // what was played before has left memory that another pool cannot use
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
  }
  const c10::cuda::CUDAStreamGuard on_stream(CaptureStream());
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  try {
    graph->capture_begin(graphs_->memory, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      EndQuietly(*graph);
      throw;
    }
    graph->capture_end();
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& error) {
    const auto* of_device = dynamic_cast<const c10::AcceleratorError*>(&error);
    if (of_device && !IsOfCapture(*of_device)) throw;
    const std::string all = error.what_without_backtrace();
    ThrowUser("cannot be captured: " + all.substr(0, all.find('\n')), what, "leave out --cuda_graph");
  }
  graphs_->pieces.push_back(std::move(graph));
}

void DeviceGraphs::Launch(size_t piece) const { graphs_->pieces.at(piece)->replay(); }

}  // namespace helio
