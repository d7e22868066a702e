#include "src/train/score_gauge.h"

namespace helio::train {

void SetScore(cluster::MetricRegistry& registry, const std::string& name, const std::string& protocol,
              double value) {
  registry.AddGauge("helio_score", "Evaluation score", {{"name", name}, {"protocol", protocol}}).Set(value);
}

}  // namespace helio::train
