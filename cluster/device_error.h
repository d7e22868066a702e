#pragma once
#include <functional>
#include <memory>
#include <string>

#include "cluster/communicator.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// What LibTorch says, without the advice and the backtrace below it.
std::string FirstLine(const c10::Error& error);

// body()'s answer. A device that breaks (kCluster) or has no memory left, for LibTorch or the libraries below
// it (kSystem), is no bug of ours: an Error with the step, in one line, that tells the launcher to start
// again. LibTorch's allocator throws out of destructors where a device is broken and other streams use the
// memory: then std::terminate says the same and ends the process with that code.
int WithDevice(int rank, std::shared_ptr<const JobState> job, const std::function<int()>& body);

}  // namespace helio::cluster
