#pragma once
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "src/base/json.h"
#include "src/train/training_metrics.h"

namespace helio::train {

// What a step's loss terms came to, as the means over the ranks.
struct LossReport {
  std::string line;             // a figure a phase: "  d64 0.858  g 34.711"
  Json terms = Json::object();  // every one, by "phase/term"
};

// Of the latest step, also as metrics. Collective; waits for the device.
LossReport ReportLosses(const StepReport& step, cluster::Communicator& communicator,
                        TrainingMetrics& metrics);

}  // namespace helio::train
