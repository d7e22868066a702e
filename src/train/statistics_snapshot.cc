#include "src/train/statistics_snapshot.h"

namespace helio::train {
namespace {

bool IsStatistic(const std::string& name) {
  return name.ends_with("running_mean") || name.ends_with("running_var") ||
         name.ends_with("num_batches_tracked");
}

}  // namespace

StatisticsSnapshot::StatisticsSnapshot(const recipes::System& system) {
  for (const auto& [name, tensor] : recipes::TensorsOf(system, recipes::Role::kTrained)) {
    if (!IsStatistic(name)) continue;
    auto& lists = lists_[tensor.scalar_type()];
    lists.live.push_back(tensor.variable_data());
    lists.kept.push_back(torch::empty_like(tensor));
  }
}

void StatisticsSnapshot::Keep() {
  for (auto& [dtype, lists] : lists_) at::_foreach_copy_(lists.kept, lists.live);
}

void StatisticsSnapshot::Restore() const {
  for (const auto& [dtype, lists] : lists_) at::_foreach_copy_(lists.live, lists.kept);
}

}  // namespace helio::train
