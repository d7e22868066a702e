#pragma once
#include <string>

#include "cluster/metrics.h"

namespace helio::train {

// A score as the metric helio_score, whoever judged: a training's evaluation, or helio-eval.
void SetScore(cluster::MetricRegistry& registry, const std::string& name, const std::string& protocol,
              double value);

}  // namespace helio::train
