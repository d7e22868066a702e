#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include "src/base/moment.h"

namespace helio::cluster {

// The times in which a rank waited for others: on a CUDA device its current stream, else the host.
// Thread-safe.
class Waits {
 public:
  void Add(Interval wait) {
    const std::lock_guard lock(mutex_);
    waits_.push_back(std::move(wait));
  }
  void Clear() { Drain(); }
  // Those since the last Drain or Clear.
  std::vector<Interval> Drain() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waits_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Interval> waits_;
};

}  // namespace helio::cluster
