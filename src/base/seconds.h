#pragma once
#include <chrono>

namespace helio {

// What durations and deadlines are measured with.
using Clock = std::chrono::steady_clock;

// Wall time, as a number.
inline double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }
inline double SecondsSince(Clock::time_point start) { return Seconds(Clock::now() - start); }

// A duration of so many.
inline Clock::duration FromSeconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace helio
