#include "src/app/score_push.h"

#include "cluster/metrics_pusher.h"
#include "src/app/run_exporter.h"
#include "src/train/score_gauge.h"

namespace helio::app {

void PushScores(const TrainingOptions& options, const std::filesystem::path& run,
                const std::vector<eval::Score>& scores) {
  const auto& gateway = options.metrics.push_gateway;
  if (gateway.empty()) return;
  cluster::MetricRegistry registry;
  for (const auto& score : scores) train::SetScore(registry, score.name, score.protocol, score.value);
  // All of the path: pipelines call each evaluation "evaluation".
  const auto out = std::filesystem::weakly_canonical(options.session.out);
  // Its destructor pushes.
  const cluster::MetricsPusher pusher(registry, gateway, {RunName(run), out.string()});
}

}  // namespace helio::app
