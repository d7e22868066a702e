#include "src/train/statistics_snapshot.h"

#include <map>

namespace helio::train {
namespace {

// Moves the tensors' values into one flat tensor, of which they are views from now on.
torch::Tensor BroughtTogether(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> rows;
  for (const auto& tensor : tensors) rows.push_back(tensor.reshape({-1}));
  auto flat = torch::cat(rows);
  int64_t begin = 0;
  for (auto tensor : tensors) {
    tensor.set_data(flat.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
    begin += tensor.numel();
  }
  return flat;
}

}  // namespace

bool IsRunningStatistic(const std::string& name) {
  return name.ends_with("running_mean") || name.ends_with("running_var") ||
         name.ends_with("num_batches_tracked");
}

StatisticsSnapshot::StatisticsSnapshot(const recipes::System& system) {
  torch::NoGradGuard no_grad;
  std::map<torch::Dtype, std::vector<torch::Tensor>> statistics;
  for (const auto& [name, tensor] : recipes::TensorsOf(system, recipes::Role::kTrained))
    if (IsRunningStatistic(name)) statistics[tensor.scalar_type()].push_back(tensor);
  for (const auto& [dtype, tensors] : statistics) {
    auto live = BroughtTogether(tensors);
    buffers_.push_back({live, torch::empty_like(live)});
  }
}

void StatisticsSnapshot::Keep() {
  for (auto& buffer : buffers_) buffer.kept.copy_(buffer.live);
}

void StatisticsSnapshot::RestoreUnless(const torch::Tensor& usable) {
  if (usable.is_cpu() && usable.item<bool>()) return;
  for (auto& buffer : buffers_) buffer.live.copy_(torch::where(usable, buffer.live, buffer.kept));
}

}  // namespace helio::train
