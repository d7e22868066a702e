#pragma once
#include <cstdint>
#include <string>

#include "src/base/seconds.h"

namespace helio::train {

// "[=====>              ]  25 %  step 800/3200, 6 min left": `seconds` is what `done` of `total` steps took.
std::string BarText(int64_t step, int64_t total, int64_t done, double seconds, const char* unit = "step");

// A line on the terminal that is redrawn in place between log lines; nothing where `shown` is false (batch
// systems, ranks but the first). One thread.
class ProgressBar {
 public:
  ProgressBar(int64_t total, bool shown, const char* unit = "step")
      : total_(total), shown_(shown), unit_(unit) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { Clear(); }

  // Step `step` is done, the last of `steps`. Draws at most ten times a second.
  void Step(int64_t step, int64_t steps = 1);
  // Gives the line back: before something else is printed.
  void Clear();

 private:
  const int64_t total_;
  const bool shown_;
  const char* const unit_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_;
  int64_t done_ = 0;  // by this process: a resumed run begins in the middle
  bool drawn_ = false;
};

}  // namespace helio::train
