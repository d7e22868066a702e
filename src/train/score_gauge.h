#pragma once
#include <string>

#include "cluster/metrics.h"

namespace helio::train {

// Publishes a score as the metric helio_score, of an evaluation in training as well as of helio-eval.
void SetScore(cluster::MetricRegistry& registry, const std::string& name, const std::string& protocol,
              double value);

}  // namespace helio::train
