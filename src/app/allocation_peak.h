#pragma once
#include <c10/util/ThreadLocalDebugInfo.h>

#include <memory>

#include "src/base/tensor.h"

namespace helio::app {

// The most memory that tensors made by this thread (and by backward passes it starts) held at one moment
// since construction, above what was there before. Nothing else may use torch's profiler meanwhile.
class AllocationPeak {
 public:
  AllocationPeak();
  int64_t bytes() const;

 private:
  class Reporter;
  const std::shared_ptr<Reporter> reporter_;
  const c10::DebugInfoGuard guard_;
};

}  // namespace helio::app
