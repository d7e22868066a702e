#pragma once
#include <memory>

#include "src/base/moment.h"
#include "src/base/seconds.h"

namespace helio::cluster {

// A collective under way, as its communicator sees it. Keeps its tensors alive until it is done.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void Wait() = 0;
  virtual bool Done() = 0;
  // From its start to its end, a CUDA collective's on the device. Valid after Wait().
  virtual Interval under_way() const = 0;
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
  // True if Wait would not wait. Never blocks. Throws what the device has to say (a sticky CUDA error).
  bool Done() const { return !operation_ || operation_->Done(); }
  const std::shared_ptr<Operation>& operation() const { return operation_; }

 private:
  std::shared_ptr<Operation> operation_;
};

}  // namespace helio::cluster
