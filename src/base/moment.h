#pragma once
#include <memory>

#include "src/base/seconds.h"

namespace c10 {
struct Device;
}

namespace helio {

// A moment in a device's work: on a CPU now; on a CUDA device when all that was queued on the current stream
// has been done, so that what lies between two of them is time of the device and not of the host that queues.
class Moment {
 public:
  // Does not wait.
  static Moment On(c10::Device device);
  // A moment of the host's clock.
  static Moment At(Clock::time_point time);

  // Blocks until the moment has passed.
  void Wait() const;

  // Seconds from `earlier`, a moment on the same device. Waits until both are over.
  double Since(const Moment& earlier) const;

 private:
  struct Event;  // CUDA's
  Clock::time_point host_;
  std::shared_ptr<Event> event_;
};

struct Interval {
  Moment begin, end;

  double seconds() const { return end.Since(begin); }  // waits for the device
};

}  // namespace helio
