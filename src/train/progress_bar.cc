#include "src/train/progress_bar.h"

#include <algorithm>
#include <cstdio>

#include "src/base/seconds.h"
#include "src/train/progress.h"

namespace helio::train {

std::string BarText(int64_t step, int64_t total, int64_t done, double seconds, const char* unit) {
  constexpr int64_t kWidth = 30;
  const int64_t whole = std::max<int64_t>(total, 1), filled = kWidth * step / whole;
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled < kWidth) bar += '>';
  bar.resize(kWidth, ' ');
  const double left =
      seconds / static_cast<double>(std::max<int64_t>(done, 1)) * static_cast<double>(total - step);
  char text[160];
  std::snprintf(text, sizeof text, "[%s] %3lld %%  %s %lld/%lld, %s left", bar.c_str(),
                static_cast<long long>(100 * step / whole), unit, static_cast<long long>(step),
                static_cast<long long>(total), HumanDuration(left).c_str());
  return text;
}

void ProgressBar::Step(int64_t step, int64_t steps) {
  done_ += steps;
  const auto now = Clock::now();
  if (!shown_ || now - drawn_at_ < std::chrono::milliseconds(100)) return;
  const double seconds = Seconds(now - start_);
  std::fprintf(stderr, "\r%s\033[K", BarText(step, total_, done_, seconds, unit_).c_str());
  drawn_at_ = now;
  drawn_ = true;
}

void ProgressBar::Clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace helio::train
