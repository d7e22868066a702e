#include "src/app/allocation_peak.h"

namespace helio::app {

// Told of every allocation, by whatever thread makes it.
class AllocationPeak::Reporter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    const std::lock_guard lock(mutex_);
    now_ += size;
    peak_ = std::max(peak_, now_);
  }
  bool memoryProfilingEnabled() const override { return true; }

  int64_t peak() const {
    const std::lock_guard lock(mutex_);
    return peak_;
  }

 private:
  mutable std::mutex mutex_;
  int64_t now_ = 0, peak_ = 0;
};

AllocationPeak::AllocationPeak()
    : reporter_(std::make_shared<Reporter>()), guard_(c10::DebugInfoKind::PROFILER_STATE, reporter_) {}

int64_t AllocationPeak::bytes() const { return reporter_->peak(); }

}  // namespace helio::app
