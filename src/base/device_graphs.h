#pragma once
#include <functional>
#include <memory>
#include <string>

#include "src/base/tensor.h"

namespace helio {

// Whether what is queued on this thread's current stream of a CUDA device is captured instead of done.
bool IsCapturing();

// Pieces of work on a CUDA device, each captured once as a CUDA graph and launched as often as wanted. They
// share memory and are launched in the order of their capture. Values that a piece takes from the host stay
// those of the capture; tensors that it reads or writes must stay at their addresses. One thread.
class DeviceGraphs {
 public:
  DeviceGraphs();
  DeviceGraphs(const DeviceGraphs&) = delete;
  DeviceGraphs& operator=(const DeviceGraphs&) = delete;
  ~DeviceGraphs();

  // Another piece: what `work` queues, of which nothing is done before Launch. It must have been done once
  // before (libraries take memory for themselves then). Throws Error{kUser} naming `what` where the device
  // cannot capture it: it waits for the device, reads from it, or uses another stream. What other threads do
  // with the device meanwhile is their own.
  void Capture(const std::string& what, const std::function<void()>& work);
  // On the current stream.
  void Launch(size_t piece) const;

 private:
  struct Graphs;  // CUDA's
  const std::unique_ptr<Graphs> graphs_;
};

}  // namespace helio
