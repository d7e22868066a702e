#pragma once
#include <memory>
#include <string>

#include "cluster/communicator.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// What LibTorch says, without the advice and the backtrace below it.
std::string FirstLine(const c10::Error& error);

// Whether the device is whole and what was asked of it only too much.
bool IsOutOfMemory(const c10::AcceleratorError& error);

// Says what broke and ends the process at once with kRequeueCode: the destructors may throw, too.
[[noreturn]] void EndWithBrokenDevice(const c10::AcceleratorError& error);

// The two halves of RunNamingDeviceErrors: the second one speaks of the c10::Error that is being handled.
void NameDeviceOnTerminate(int rank, std::shared_ptr<const JobState> job);
[[noreturn]] void RethrowNamingDevice(const JobState& job);

// body()'s answer. A device that breaks (kCluster) or has no memory left, for LibTorch or the libraries below
// it (kSystem), is no bug of ours: an Error with the step, in one line, that tells the launcher to start
// again. LibTorch's allocator throws out of destructors where a device is broken and other streams use the
// memory: then std::terminate says the same and ends the process with that code.
template <typename Body>
auto RunNamingDeviceErrors(int rank, const std::shared_ptr<const JobState>& job, const Body& body) {
  NameDeviceOnTerminate(rank, job);
  try {
    return body();
  } catch (const c10::Error&) {
    RethrowNamingDevice(*job);
  }
}

}  // namespace helio::cluster
