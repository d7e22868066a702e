#include "src/train/step_report.h"

namespace helio::train {

int StepReport::skipped() const {
  int count = 0;
  for (const auto& norm : norms) count += !norm.usable.item<bool>();
  return count;
}

}  // namespace helio::train
