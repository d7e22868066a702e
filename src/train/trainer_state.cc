// What a trainer keeps from step to step: the optimizers' state and the moving averages.
#include "cluster/sharding.h"
#include "src/train/player.h"
#include "src/train/trainer.h"

namespace helio::train {

NamedTensors Trainer::OptimizerState() const {
  NamedTensors state;
  ForEachPlayer([&](const Player& player) {
    const auto own = shards() ? cluster::GatherOptimizerState(communicator_, player.group, player.adam)
                              : player.adam.State();
    // A phase's gathered state leaves the device before the next one's is gathered: all of them need not fit
    // there.
    for (const auto& [name, tensor] : own)
      state.emplace_back(player.phase.name + "/" + name, shards() ? tensor.cpu() : tensor);
  });
  return state;
}

void Trainer::RestoreOptimizer(const NamedTensors& state) {
  if (!shards()) return;  // they were views
  ForEachPlayer([&](Player& player) {
    const auto prefix = player.phase.name + "/";
    cluster::LoadOptimizerState(communicator_, player.group, WithoutPrefix(state, prefix), player.adam,
                                "optimizer " + prefix);
  });
}

NamedTensors Trainer::AverageState() const {
  NamedTensors state;
  ForEachPlayer([&](const Player& player) {
    for (auto& entry : player.adam.Average()) state.push_back(entry);
  });
  return state;
}

void Trainer::ResetAverages() {
  ForEachPlayer([](Player& player) { player.adam.ResetAverage(); });
}

void Trainer::SwapAverages() {
  ForEachPlayer([](Player& player) { player.adam.SwapAverage(); });
}

Trainer::UseAverages::UseAverages(Trainer& trainer) : trainer_(trainer) { trainer_.SwapAverages(); }
Trainer::UseAverages::~UseAverages() { trainer_.SwapAverages(); }

}  // namespace helio::train
