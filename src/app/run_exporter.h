#pragma once
#include <filesystem>
#include <memory>

#include "cluster/metrics.h"
#include "cluster/metrics_exporter.h"
#include "cluster/metrics_pusher.h"
#include "src/app/training_options.h"

namespace helio::app {

// What a run is called in metrics: the last part of its folder.
std::string RunName(const std::filesystem::path& out);

// Where a run's metrics can be read: /metrics of every rank, rank 0's list of targets, a push gateway. By the
// options. A list that cannot be written (disk full) is an error in the log only.
class RunExporter {
 public:
  // Once the run's folder is this job's (train::RunDirectory). Throws Error{kUser} where the port cannot be
  // had. Collective.
  RunExporter(const TrainingOptions& options, const cluster::MetricRegistry& registry,
              cluster::Communicator& communicator);
  // A run that ended in order is no target any more; one that died stays one, and its ranks count as down.
  // Rank 0; local.
  void EndInOrder(bool complete);

 private:
  const std::filesystem::path out_;
  const bool first_;
  std::unique_ptr<cluster::MetricsExporter> exporter_;
  std::unique_ptr<cluster::MetricsPusher> pusher_;
};

}  // namespace helio::app
