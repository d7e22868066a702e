#include "src/train/training_metrics.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <unistd.h>

#include "src/train/score_gauge.h"

namespace helio::train {
namespace {

double UnixTime() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

struct DeviceBytes {
  double used = 0, peak = 0, reserved = 0;
};

// The peak is that since the last call.
DeviceBytes DeviceBytesOf(torch::Device device) {
  if (device.is_cpu()) return {};
  auto* allocator = at::getDeviceAllocator(device.type());
  const auto stats = allocator->getDeviceStats(device.index());
  allocator->resetPeakStats(device.index());
  const auto& used = stats.allocated_bytes[0];  // [0]: pools of all sizes
  return {static_cast<double>(used.current), static_cast<double>(used.peak),
          static_cast<double>(stats.reserved_bytes[0].current)};
}

}  // namespace

TrainingMetrics::TrainingMetrics(cluster::MetricRegistry& registry, const RunFacts& run)
    : registry_(registry), device_(run.device) {
  AddRun(run);
  AddSteps();
  AddCheckpoints();
  AddMachine();
}

void TrainingMetrics::AddRun(const RunFacts& run) {
  registry_
      .AddGauge("helio_build_info", "Always 1; the labels say what runs",
                {{"version", run.version}, {"revision", run.revision}, {"recipe", run.recipe}})
      .Set(1);
  registry_.AddGauge("helio_world_size", "Ranks of the job").Set(run.world_size);
  registry_.AddGauge("helio_target_steps", "Step that the run ends at")
      .Set(static_cast<double>(run.total_steps));
  registry_.AddGauge("helio_start_timestamp_seconds", "Unix time of this process' start").Set(UnixTime());
}

void TrainingMetrics::AddSteps() {
  steps_ = registry_.AddCounter("helio_steps_total", "Training steps done by this process");
  images_ = registry_.AddCounter("helio_images_total", "Images this rank trained on");
  skipped_ = registry_.AddCounter("helio_skipped_updates_total",
                                  "Updates left out because a gradient was not finite");
  step_ = registry_.AddGauge("helio_step", "Step the run is at");
  epoch_ = registry_.AddGauge("helio_epoch", "Passes over the training split");
  heartbeat_ =
      registry_.AddGauge("helio_heartbeat_timestamp_seconds",
                         "Unix time of the last finished step (of the start before the first); not of "
                         "the ranks' heartbeat");
  heartbeat_.Set(UnixTime());  // a hang in the first step is one, too
  images_per_second_ =
      registry_.AddGauge("helio_images_per_second", "Speed of the whole job since the last log line");
  data_wait_share_ =
      registry_.AddGauge("helio_data_wait_ratio", "Share of the time spent waiting for the loader");
  batches_ready_ = registry_.AddGauge("helio_loader_ready_batches",
                                      "Batches that lay ready behind the one that the last step took");
}

void TrainingMetrics::AddCheckpoints() {
  checkpoint_writes_ = registry_.AddCounter("helio_checkpoint_writes_total",
                                            "Checkpoints that were to be written, whole ones and failures");
  checkpoint_failures_ =
      registry_.AddCounter("helio_checkpoint_failures_total", "Checkpoints that could not be written");
  checkpoint_time_ = registry_.AddGauge("helio_checkpoint_last_success_timestamp_seconds",
                                        "Unix time of the newest checkpoint");
  checkpoint_seconds_ =
      registry_.AddGauge("helio_checkpoint_write_seconds", "Duration of the last background write");
  checkpoint_bytes_ = registry_.AddGauge("helio_checkpoint_bytes", "Size of the last checkpoint");
}

void TrainingMetrics::AddMachine() {
  host_memory_ = registry_.AddGauge("helio_host_memory_bytes", "Resident memory of this rank");
  device_memory_ = registry_.AddGauge("helio_device_memory_bytes",
                                      "Memory that this rank's tensors take on its GPU; 0 without one");
  device_peak_ = registry_.AddGauge("helio_device_memory_peak_bytes",
                                    "The most that they took since the log line before the last");
  device_reserved_ =
      registry_.AddGauge("helio_device_memory_reserved_bytes",
                         "Memory of the GPU that this rank has taken for tensors, used or not");
  lag_ = registry_.AddGauge("helio_rank_busy_seconds",
                            "Time of this rank's own work in a step, without waiting for others; mean of 50");
  straggler_ = registry_.AddGauge("helio_rank_straggler",
                                  "1 while this rank is slower than 1.5 times the median rank");
}

cluster::Histogram& TrainingMetrics::Part(const std::string& part) {
  auto found = parts_.find(part);
  if (found == parts_.end())
    found = parts_
                .emplace(part, registry_.AddHistogram("helio_step_part_seconds", "Time of a step by part",
                                                      {{"part", part}}))
                .first;
  return found->second;
}

TrainingMetrics::Reductions& TrainingMetrics::ReductionsOf(const std::string& phase) {
  const auto [found, is_new] = reductions_.try_emplace(phase);
  if (is_new)
    found->second = {
        registry_.AddCounter("helio_allreduce_bytes_total",
                             "Gradient bytes that this rank gave to reductions", {{"phase", phase}}),
        registry_.AddCounter("helio_allreduce_hidden_seconds_total",
                             "Time of reductions under way while this rank computed", {{"phase", phase}}),
        registry_.AddCounter("helio_allreduce_exposed_seconds_total",
                             "Time that this rank stood and waited for reductions", {{"phase", phase}})};
  return found->second;
}

void TrainingMetrics::StartAt(int64_t step, double epoch) {
  step_.Set(static_cast<double>(step));
  epoch_.Set(epoch);
}

void TrainingMetrics::Step(const StepFacts& step) {
  steps_.Add();
  images_.Add(static_cast<double>(step.local_images));
  StartAt(step.step, step.epoch);
  batches_ready_.Set(static_cast<double>(step.batches_ready));
  heartbeat_.Set(UnixTime());
  Part("step").Observe(step.seconds);
  Part("data_wait").Observe(step.data_wait_seconds);
}

void TrainingMetrics::Outcome(const StepOutcome& outcome) {
  if (outcome.skipped > 0) skipped_.Add(outcome.skipped);
  for (const auto& [part, seconds] : outcome.seconds) Part(part).Observe(seconds);
  for (const auto& [phase, bytes, hidden, exposed] : outcome.reductions) {
    auto& counters = ReductionsOf(phase);
    counters.bytes.Add(static_cast<double>(bytes));
    counters.hidden.Add(hidden);
    counters.exposed.Add(exposed);
  }
  for (const auto& [phase, norm] : outcome.norms)
    registry_.AddGauge("helio_gradient_norm", "L2 norm of the reduced gradient", {{"phase", phase}})
        .Set(norm);
}

void TrainingMetrics::Loss(const std::string& phase, const std::string& term, double value) {
  registry_.AddGauge("helio_loss", "Weighted loss term, mean over ranks", {{"phase", phase}, {"term", term}})
      .Set(value);
}

void TrainingMetrics::Speed(const Progress::Report& report) {
  images_per_second_.Set(report.images_per_second);
  data_wait_share_.Set(report.data_wait_share);
  host_memory_.Set(ResidentBytes());
  const auto device = DeviceBytesOf(device_);
  device_memory_.Set(device.used);
  device_peak_.Set(device.peak);
  device_reserved_.Set(device.reserved);
}

void TrainingMetrics::Checkpoint(const WriteOutcome& outcome) {
  checkpoint_writes_.Add();
  if (!outcome.error.empty()) return checkpoint_failures_.Add();
  checkpoint_time_.Set(UnixTime());
  checkpoint_seconds_.Set(outcome.seconds);
  checkpoint_bytes_.Set(static_cast<double>(outcome.bytes));
}

void TrainingMetrics::Score(const recipes::ValidationScore& score) {
  SetScore(registry_, score.name, score.protocol, score.value);
}

void TrainingMetrics::Evaluation(double seconds) {
  registry_
      .AddGauge("helio_evaluation_seconds",
                "Time of the last evaluation, in which the run did not train; absent before the first")
      .Set(seconds);
}

void TrainingMetrics::Straggler(double seconds, bool is_straggler) {
  lag_.Set(seconds);
  straggler_.Set(is_straggler ? 1 : 0);
}

}  // namespace helio::train
