#pragma once
#include <cstdint>
#include <mutex>

#include "src/base/tensor.h"

namespace helio {

// While it lives, torch's own initialisers, which draw from the process' one generator, are a function of
// `seed`; one at a time, because ranks may be threads.
class SeededInitialisation {
 public:
  explicit SeededInitialisation(uint64_t seed)
      : lock_(Mutex()), generator_(at::detail::getDefaultCPUGenerator()) {
    before_ = generator_.get_state();
    generator_.set_current_seed(seed);
  }
  SeededInitialisation(const SeededInitialisation&) = delete;
  SeededInitialisation& operator=(const SeededInitialisation&) = delete;
  ~SeededInitialisation() { generator_.set_state(before_); }

 private:
  static std::mutex& Mutex() {
    static auto& mutex = *new std::mutex;
    return mutex;
  }

  const std::lock_guard<std::mutex> lock_;
  at::Generator generator_;
  torch::Tensor before_;
};

}  // namespace helio
