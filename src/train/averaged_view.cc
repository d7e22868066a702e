#include "src/train/averaged_view.h"

#include <algorithm>
#include <set>
#include <string>

namespace helio::train {
namespace {

// What is no parameter in the parts that have averaged parameters.
NamedTensors BuffersBeside(const recipes::System& system, const NamedTensors& averages) {
  std::set<std::string> averaged;
  for (const auto& entry : averages) averaged.insert(entry.first);
  const auto is_averaged = [&](const auto& entry) { return averaged.contains(entry.first); };
  NamedTensors buffers;
  for (const auto& part : system.Parts()) {
    if (part.role != recipes::Role::kTrained ||
        std::none_of(part.tensors.begin(), part.tensors.end(), is_averaged))
      continue;
    std::copy_if(part.tensors.begin(), part.tensors.end(), std::back_inserter(buffers),
                 [&](const auto& entry) { return !is_averaged(entry); });
  }
  return buffers;
}

NamedTensors Copies(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

}  // namespace

AveragedView::KeptBuffers::KeptBuffers(NamedTensors live_buffers)
    : live(std::move(live_buffers)), kept_(Copies(live)) {}

AveragedView::KeptBuffers::~KeptBuffers() {
  torch::NoGradGuard no_grad;
  for (size_t i = 0; i < live.size(); ++i) torch::Tensor(live[i].second).copy_(kept_[i].second);
}

AveragedView::AveragedView(const recipes::System& system, Trainer& trainer,
                           const std::function<void()>& refresh)
    : buffers_(BuffersBeside(system, trainer.AverageState())), averages_(trainer) {
  // Live weights without averages have the statistics that belong to them.
  if (refresh && !buffers_.live.empty()) refresh();
}

AveragedView::~AveragedView() = default;

NamedTensors AveragedView::Buffers() const { return Copies(buffers_.live); }

}  // namespace helio::train
