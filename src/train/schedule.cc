#include "src/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace helio::train {
namespace {

double Cosine(double from, double to, double progress) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * progress));
}

double OneCycle(double progress) {
  constexpr double kWarm = 0.3, kStart = 1.0 / 25, kEnd = 1e-5;
  if (progress < kWarm) return Cosine(kStart, 1, progress / kWarm);
  return Cosine(1, kEnd, (progress - kWarm) / (1 - kWarm));
}

}  // namespace

double LearningRateFactor(Schedule schedule, int64_t step, int64_t total, int64_t steps_per_epoch) {
  const double progress = static_cast<double>(step) / static_cast<double>(std::max<int64_t>(total, 1));
  switch (schedule) {
    case Schedule::kConstant:
      return 1;
    case Schedule::kLinearTail:
      return std::min(1.0, 2 * (1 - progress));
    case Schedule::kOneCycle:
      return OneCycle(progress);
    case Schedule::kStaircase:
      return std::max(0.1, std::pow(0.98, static_cast<double>(step / std::max<int64_t>(steps_per_epoch, 1))));
  }
  return 1;
}

}  // namespace helio::train
