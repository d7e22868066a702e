#pragma once
#include <cstdint>

#include "src/base/enum_names.h"

namespace helio::train {

// The factor on an optimizer's base learning rate at a step in [0, total).
enum class Schedule {
  kConstant,    // the published GAN recipes
  kLinearTail,  // constant in the first half, then linear to 0
  kOneCycle,   // cosine up in the first 30 %, cosine down to ~0: short pretrainings (Smith, arXiv:1708.07120)
  kStaircase,  // x 0.98 every epoch, never below a tenth: the published DAMSM pretraining
};
inline constexpr Named<Schedule> kSchedules[] = {{Schedule::kConstant, "constant"},
                                                 {Schedule::kLinearTail, "linear_tail"},
                                                 {Schedule::kOneCycle, "one_cycle"},
                                                 {Schedule::kStaircase, "staircase"}};

// Pure. Only kStaircase asks for `steps_per_epoch`.
double LearningRateFactor(Schedule schedule, int64_t step, int64_t total, int64_t steps_per_epoch);

}  // namespace helio::train
