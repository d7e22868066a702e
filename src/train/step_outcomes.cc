#include "src/train/step_outcomes.h"

#include <algorithm>
#include <cmath>

namespace helio::train {

int StepOutcome::skipped() const {
  return static_cast<int>(std::count_if(norms.begin(), norms.end(),
                                        [](const auto& norm) { return !std::isfinite(norm.second); }));
}

void StepOutcomes::Add(int64_t step, const StepReport& report) { unread_.push_back({step, report.norms}); }

std::vector<StepOutcome> StepOutcomes::Read() {
  std::vector<torch::Tensor> values;
  for (const auto& one : unread_)
    for (const auto& norm : one.norms) values.push_back(norm.value);
  const auto host = OnHost(values);
  const auto* next = host.const_data_ptr<double>();
  std::vector<StepOutcome> outcomes;
  for (const auto& one : unread_) {
    auto& outcome = outcomes.emplace_back();
    outcome.step = one.step;
    for (const auto& norm : one.norms) outcome.norms.emplace_back(norm.phase, *next++);
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
