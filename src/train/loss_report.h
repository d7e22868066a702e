#pragma once
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "src/base/json.h"
#include "src/train/training_metrics.h"

namespace helio::train {

// The values of a step's loss terms: means over the ranks.
struct LossReport {
  std::string line;             // the sum of each phase's terms: "  d64 0.858  g 34.711"
  Json terms = Json::object();  // every one, by "phase/term"
};

// The losses of `step`, which are published as metrics, too. Collective; waits for the device.
LossReport ReportLosses(const StepReport& step, cluster::Communicator& communicator,
                        TrainingMetrics& metrics);

}  // namespace helio::train
