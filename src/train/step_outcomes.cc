#include "src/train/step_outcomes.h"

namespace helio::train {

void StepOutcomes::Add(int64_t step, const StepReport& report, Interval whole, std::vector<Interval> waits) {
  unread_.push_back({step, report.norms, report.finite_weights, report.parts, report.reductions,
                     std::move(whole), std::move(waits)});
}

double StepOutcomes::Unread::BusySeconds() const {
  double seconds = whole.seconds();
  for (const auto& wait : waits) seconds -= wait.seconds();
  return seconds;
}

// Failures are 1 and not 0, so that a simulated device that computes nothing reports that all is well.
void StepOutcomes::Unread::AddValues(std::vector<torch::Tensor>& values) const {
  values.push_back(finite_weights.logical_not());
  for (const auto& norm : norms) values.insert(values.end(), {norm.value, norm.usable.logical_not()});
}

// `next` points at the values that AddValues added, on the host, and is moved past them.
StepOutcome StepOutcomes::Unread::Outcome(const double*& next) const {
  StepOutcome outcome;
  outcome.step = step;
  outcome.finite_weights = *next++ == 0;
  outcome.busy_seconds = BusySeconds();
  for (const auto& norm : norms) {
    outcome.norms.emplace_back(norm.phase, *next++);
    outcome.skipped += *next++ != 0;
  }
  for (const auto& part : parts) outcome.seconds.emplace_back(part.name, part.time.seconds());
  for (const auto& [phase, stats] : reductions)
    outcome.reductions.push_back({phase, stats.bytes, stats.hidden_seconds(), stats.exposed_seconds()});
  return outcome;
}

std::vector<StepOutcome> StepOutcomes::Read() {
  std::vector<torch::Tensor> values;
  for (const auto& one : unread_) one.AddValues(values);
  const auto host = OnHost(values);
  const auto* next = host.const_data_ptr<double>();
  std::vector<StepOutcome> outcomes;
  for (const auto& one : unread_) outcomes.push_back(one.Outcome(next));
  unread_.clear();
  return outcomes;
}

torch::Tensor OnHost(const std::vector<torch::Tensor>& scalars) {
  if (scalars.empty()) return torch::zeros({0}, torch::kFloat64);
  std::vector<torch::Tensor> rows;
  for (const auto& scalar : scalars) rows.push_back(scalar.reshape({1}).to(torch::kFloat64));
  return torch::cat(rows).cpu();
}

}  // namespace helio::train
