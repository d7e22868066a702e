#pragma once
#include <chrono>

namespace helio {

// What durations and deadlines are measured with.
using Clock = std::chrono::steady_clock;

// Wall time, as a number.
inline double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }
inline double SecondsSince(Clock::time_point start) { return Seconds(Clock::now() - start); }

// `seconds` as a duration, at most kForever (which NaN counts as): the nanoseconds of 292 years overflow, and
// a deadline would lie in the past.
inline constexpr double kForever = 1e9;
inline Clock::duration FromSeconds(double seconds) {
  const double counted = seconds < kForever ? seconds : kForever;
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(counted));
}

}  // namespace helio
