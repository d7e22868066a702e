#include "src/train/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "src/base/seconds.h"

namespace helio::train {

Progress::Progress(int64_t total_steps, int64_t global_batch) : total_(total_steps), batch_(global_batch) {}

void Progress::Step(double data_wait_seconds) {
  ++steps_;
  waited_ += data_wait_seconds;
}

Progress::Report Progress::NextReport(int64_t step) {
  const auto now = Clock::now();
  const double seconds = std::max(1e-9, Seconds(now - since_));
  Report report;
  report.step_seconds = seconds / static_cast<double>(std::max<int64_t>(steps_, 1));
  report.images_per_second = static_cast<double>(steps_ * batch_) / seconds;
  report.data_wait_share = std::min(1.0, waited_ / seconds);
  report.eta = HumanDuration(report.step_seconds * static_cast<double>(total_ - step));
  since_ = now;
  steps_ = 0;
  waited_ = 0;
  return report;
}

std::string HumanDuration(double seconds) {
  char text[64];
  if (seconds < 90)
    std::snprintf(text, sizeof text, "%.0f s", seconds);
  else if (seconds < 5400)
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  else if (seconds < 48 * 3600)
    std::snprintf(text, sizeof text, "%.0f h %.0f min", std::floor(seconds / 3600),
                  std::fmod(seconds, 3600) / 60);
  else
    std::snprintf(text, sizeof text, "%.1f days", seconds / 86400);
  return text;
}

bool IsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace helio::train
