#include "src/train/weights_check.h"

#include "src/train/statistics_snapshot.h"

namespace helio::train {

std::vector<cluster::Replica> ReplicasOf(const recipes::System& system, const Trainer& trainer,
                                         bool same_statistics) {
  std::vector<cluster::Replica> replicas;
  for (const auto& part : system.Parts())
    for (const auto& [name, tensor] : part.tensors)
      if (same_statistics || part.role != recipes::Role::kTrained || !IsRunningStatistic(name))
        replicas.push_back({part.name, name, tensor});
  for (const auto& [name, tensor] : trainer.AverageState())
    replicas.push_back({"the moving averages", name, tensor});
  return replicas;
}

}  // namespace helio::train
