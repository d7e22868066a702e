#pragma once
#include <map>
#include <string>

#include "cluster/metrics.h"
#include "src/base/tensor.h"
#include "src/recipes/validation.h"
#include "src/train/checkpoint_writer.h"
#include "src/train/progress.h"
#include "src/train/step_outcomes.h"

namespace helio::train {

// What stays the same as long as a process runs.
struct RunFacts {
  std::string recipe, version, revision;
  int world_size = 1;
  int64_t total_steps = 0;
  torch::Device device = torch::kCPU;
};

// A step as the session saw it.
struct StepFacts {
  int64_t step = 0;  // done by now
  double epoch = 0;
  int64_t local_images = 0;
  double seconds = 0, data_wait_seconds = 0;
  int64_t batches_ready = 0;  // in the loader, when this step took its own
};

// The metrics of a training rank (docs/metrics.md). Handles are made when first used, so a step costs a map
// look-up a part.
class TrainingMetrics {
 public:
  TrainingMetrics(cluster::MetricRegistry& registry, const RunFacts& run);

  // The step that a run goes on from, before its first own: the first gauges must not say 0.
  void StartAt(int64_t step, double epoch);
  // Every step, every rank.
  void Step(const StepFacts& step);
  // Every step too, but on a device some steps later.
  void Outcome(const StepOutcome& outcome);
  // At log steps: the means over ranks, by phase and term.
  void Loss(const std::string& phase, const std::string& term, double value);
  void Speed(const Progress::Report& report);
  void Checkpoint(const WriteOutcome& outcome);
  void Score(const recipes::ValidationScore& score);
  void Evaluation(double seconds);  // that one took
  void Straggler(double seconds, bool is_straggler);

 private:
  // Counters of a phase's all-reduces.
  struct Reductions {
    cluster::Counter bytes, hidden, exposed;
  };
  void AddRun(const RunFacts& run);
  void AddSteps();
  void AddCheckpoints();
  void AddMachine();
  cluster::Histogram& Part(const std::string& part);
  Reductions& ReductionsOf(const std::string& phase);

  cluster::MetricRegistry& registry_;
  const torch::Device device_;
  cluster::Counter steps_, images_, skipped_, checkpoint_writes_, checkpoint_failures_;
  cluster::Gauge step_, epoch_, heartbeat_, images_per_second_, data_wait_share_, batches_ready_;
  cluster::Gauge checkpoint_time_, checkpoint_seconds_, checkpoint_bytes_, lag_, straggler_;
  cluster::Gauge host_memory_, device_memory_, device_peak_, device_reserved_;
  std::map<std::string, cluster::Histogram> parts_;
  std::map<std::string, Reductions> reductions_;
};

}  // namespace helio::train
