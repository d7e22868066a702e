#include "cluster/device_error.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>

#include "src/base/error.h"
#include "src/base/log.h"

namespace helio::cluster {
namespace {

std::string Place(const JobState& job) {
  const int64_t step = job.step;
  return step < 0 ? "before the first step" : "step " + std::to_string(step);
}

Error Full(const c10::Error& error, const JobState& job) {
  return Error(ErrorKind::kSystem, FirstLine(error), Place(job),
               "a smaller --batch, or more of --accumulate");
}

Error FullOrBroken(const c10::AcceleratorError& error, const JobState& job) {
  if (IsOutOfMemory(error)) return Full(error, job);
  return Error(ErrorKind::kCluster, FirstLine(error), Place(job), "dmesg says more of a broken device (Xid)");
}

// cuBLAS and cuDNN have memory of their own, and say in words only that there is none left.
bool IsOfFullLibrary(const c10::Error& error) {
  const auto line = FirstLine(error);
  return std::ranges::any_of(std::array{"ALLOC_FAILED", "NOT_INITIALIZED"},
                             [&](const char* word) { return line.find(word) != std::string::npos; });
}

// What the terminate handler speaks of. Never destroyed.
struct ProcessContext {
  int rank = 0;
  std::shared_ptr<const JobState> job;
  std::terminate_handler previous = nullptr;
};
ProcessContext& Context() {
  static auto* const context = new ProcessContext;
  return *context;
}

void NameTheDevice() {
  try {
    if (const auto current = std::current_exception()) std::rethrow_exception(current);
  } catch (const c10::AcceleratorError& error) {
    const auto said = FullOrBroken(error, *Context().job);
    LOG(ERROR) << "rank " << Context().rank << " failed: " << said.what();
    google::FlushLogFiles(google::GLOG_INFO);
    std::_Exit(said.exit_code());
  } catch (...) {  // an exception of another kind
  }
  Context().previous();
}

}  // namespace

std::string FirstLine(const c10::Error& error) {
  const std::string whole = error.what_without_backtrace();
  return whole.substr(0, whole.find('\n'));
}

bool IsOutOfMemory(const c10::AcceleratorError& error) {
  constexpr int32_t kCudaErrorMemoryAllocation = 2;
  return error.get_error_code() == kCudaErrorMemoryAllocation;
}

void EndWithBrokenDevice(const c10::AcceleratorError& error) {
  LOG(ERROR) << FirstLine(error);
  std::_Exit(kRequeueCode);
}

void NameDeviceOnTerminate(int rank, std::shared_ptr<const JobState> job) {
  Context().rank = rank;
  Context().job = std::move(job);
  if (!Context().previous) Context().previous = std::set_terminate(NameTheDevice);
}

void RethrowNamingDevice(const JobState& job) {
  try {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    throw Full(error, job);
  } catch (const c10::AcceleratorError& error) {
    throw FullOrBroken(error, job);
  } catch (const c10::Error& error) {
    if (IsOfFullLibrary(error)) throw Full(error, job);
    throw;
  }
}

}  // namespace helio::cluster
