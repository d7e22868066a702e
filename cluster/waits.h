#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include "src/base/moment.h"

namespace helio::cluster {

// When a rank waited for others: on a CUDA device when its current stream did, else when the host did.
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
