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

std::vector<StepOutcome> StepOutcomes::Read() {
  std::vector<torch::Tensor> values;
  // What goes wrong is 1, so that a device that only counts its launches says that all is well.
  for (const auto& one : unread_) {
    values.push_back(one.finite_weights.logical_not());
    for (const auto& norm : one.norms) values.insert(values.end(), {norm.value, norm.usable.logical_not()});
  }
  const auto host = OnHost(values);
  const auto* next = host.const_data_ptr<double>();
  std::vector<StepOutcome> outcomes;
  for (const auto& one : unread_) {
    auto& outcome = outcomes.emplace_back();
    outcome.step = one.step;
    outcome.finite_weights = *next++ == 0;
    outcome.busy_seconds = one.BusySeconds();
    for (const auto& norm : one.norms) {
      outcome.norms.emplace_back(norm.phase, *next++);
      outcome.skipped += *next++ != 0;
    }
    for (const auto& part : one.parts) outcome.seconds.emplace_back(part.name, part.time.seconds());
    for (const auto& [phase, stats] : one.reductions)
      outcome.reductions.push_back({phase, stats.bytes, stats.hidden_seconds(), stats.exposed_seconds()});
  }
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
