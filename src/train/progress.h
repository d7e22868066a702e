#pragma once
#include <cstdint>
#include <string>

#include "src/base/seconds.h"

namespace helio::train {

// Speed and time left of a run, over the steps since the last report. Rank 0 only.
class Progress {
 public:
  Progress(int64_t total_steps, int64_t global_batch);

  struct Report {
    double images_per_second = 0;
    double step_seconds = 0;
    double data_wait_share = 0;  // of the time, in [0, 1]
    std::string eta;             // "3 min", "2 h 10 min"
  };

  // One step is done; it waited `data_wait_seconds` for its batch.
  void Step(double data_wait_seconds);
  // Of the steps since the last report; `step` are done of all.
  Report NextReport(int64_t step);

 private:
  const int64_t total_;
  const int64_t batch_;
  Clock::time_point since_ = Clock::now();
  int64_t steps_ = 0;
  double waited_ = 0;
};

// "45 s", "3 min", "2 h 10 min", "2.5 days".
std::string HumanDuration(double seconds);

// True where stderr is a terminal: then a progress line is redrawn in place; under a batch system lines are
// plain.
bool IsTerminal();

}  // namespace helio::train
