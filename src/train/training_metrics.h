#pragma once
#include <map>
#include <string>

#include "cluster/metrics.h"
#include "src/recipes/validation.h"
#include "src/train/checkpoint_writer.h"
#include "src/train/progress.h"
#include "src/train/trainer.h"

namespace helio::train {

// The metrics of a training rank (docs/metrics.md). Handles are made when first used, so a step costs a map
// look-up a part.
class TrainingMetrics {
 public:
  TrainingMetrics(cluster::MetricRegistry& registry, const std::string& recipe, const std::string& version,
                  int world_size, int64_t total_steps);

  // Every step, every rank.
  void Step(int64_t step, double epoch, int64_t local_images, double step_seconds, double data_wait_seconds,
            const StepReport& report);
  // At log steps: the means over ranks, by phase and term.
  void Loss(const std::string& phase, const std::string& term, double value);
  void Speed(const Progress::Report& report);
  void Checkpoint(const WriteOutcome& outcome);
  void Score(const recipes::ValidationScore& score);
  void Straggler(double seconds, bool is_straggler);

 private:
  cluster::Histogram& Part(const std::string& part);

  cluster::MetricRegistry& registry_;
  cluster::Counter steps_, images_, skipped_, checkpoint_failures_;
  cluster::Gauge step_, epoch_, heartbeat_, images_per_second_, data_wait_share_;
  cluster::Gauge checkpoint_time_, checkpoint_seconds_, checkpoint_bytes_, memory_, lag_, straggler_;
  std::map<std::string, cluster::Histogram> parts_;
};

}  // namespace helio::train
