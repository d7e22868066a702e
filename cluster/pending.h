#pragma once
#include <chrono>
#include <memory>

namespace helio::cluster {

using Clock = std::chrono::steady_clock;

// A collective under way, as its communicator sees it. Keeps its tensors alive until it is done.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void Wait() = 0;
  virtual bool Done() = 0;
  // When the collective was started, and when it was seen to be done (a CUDA collective: when a host thread
  // noticed). Valid after Done() returned true.
  virtual Clock::time_point started() const = 0;
  virtual Clock::time_point finished() const = 0;
};

// Handle of a collective under way; cheap to copy. Dropping it does not cancel the collective.
class [[nodiscard]] Pending {
 public:
  Pending() = default;  // nothing to wait for
  explicit Pending(std::shared_ptr<Operation> operation) : operation_(std::move(operation)) {}

  // CPU tensors: blocks until the result is there. CUDA tensors: the current stream waits, the host goes on.
  // Throws Error{kCluster} when the deadline passed, a rank failed or the communicator was aborted. May be
  // called again.
  void Wait() const {
    if (operation_) operation_->Wait();
  }
  // True if Wait would not wait. Never blocks. Throws what the device has to say
  // (a sticky CUDA error).
  bool Done() const { return !operation_ || operation_->Done(); }
  const std::shared_ptr<Operation>& operation() const { return operation_; }

 private:
  std::shared_ptr<Operation> operation_;
};

}  // namespace helio::cluster
