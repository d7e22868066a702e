#include "src/train/run_state.h"

#include "src/base/finite.h"
#include "src/train/checkpoint_files.h"

namespace helio::train {
namespace {

using recipes::Role;
using recipes::TensorsOf;

std::map<std::string, NamedTensors> StateOf(recipes::System& system, const Trainer& trainer,
                                            const NamedTensors& optimizer) {
  return {{kModelStem, TensorsOf(system, Role::kTrained)},
          {kOptimizerStem, optimizer},
          {kAverageStem, trainer.AverageState()},
          {kMemoryStem, TensorsOf(system, Role::kMemory)}};
}

}  // namespace

void RestoreState(const std::optional<Snapshot>& snapshot, recipes::System& system, Trainer& trainer,
                  cluster::Communicator& communicator) {
  const auto optimizer = trainer.OptimizerState();
  std::vector<torch::Tensor> all;
  for (const auto& [stem, state] : StateOf(system, trainer, optimizer)) {
    if (snapshot && !state.empty()) {
      const std::string where = "checkpoint of step " + std::to_string(snapshot->step);
      if (!snapshot->tensors.contains(stem)) ThrowData("has no " + stem + ".safetensors", where);
      CopyState(snapshot->tensors.at(stem), state, where);
    }
    for (const auto& entry : state) all.push_back(entry.second);
  }
  cluster::BroadcastTensors(communicator, all);
  trainer.RestoreOptimizer(optimizer);
}

std::map<std::string, NamedTensors> StateForCheckpoint(recipes::System& system, const Trainer& trainer,
                                                       const NamedTensors& optimizer,
                                                       const std::function<NamedTensors()>& average_buffers) {
  auto state = StateOf(system, trainer, optimizer);
  if (state.at(kMemoryStem).empty()) state.erase(kMemoryStem);
  for (auto& [stem, tensors] : state) tensors = HostCopies(tensors);
  if (average_buffers) state[kAverageBuffersStem] = HostCopies(average_buffers());
  return state;
}

void CheckFinite(const Snapshot& snapshot, const std::string& where) {
  for (const auto* stem : {kModelStem, kAverageStem, kAverageBuffersStem}) {
    const auto tensors = snapshot.tensors.find(stem);
    if (tensors == snapshot.tensors.end()) continue;
    if (const auto name = FirstNotFinite(tensors->second); !name.empty())
      ThrowData("step " + std::to_string(snapshot.step) + " is not saved: its " + name +
                    " has values that are not finite",
                where, "go on from an older checkpoint with lower learning rates");
  }
}

NamedTensors DrawingTensors(const Snapshot& snapshot, const std::string& where) {
  if (const auto average = snapshot.tensors.find(kAverageStem);
      average == snapshot.tensors.end() || average->second.empty())
    return snapshot.tensors.at(kModelStem);
  NamedTensors tensors;
  for (const char* stem : {kAverageStem, kAverageBuffersStem}) {
    const auto found = snapshot.tensors.find(stem);
    if (found == snapshot.tensors.end())
      ThrowData(std::string("has no ") + stem + ".safetensors", where, "is it a GAN's checkpoint?");
    tensors.insert(tensors.end(), found->second.begin(), found->second.end());
  }
  return tensors;
}

void CheckFrozen(const std::string& digest, const CheckpointInfo& info, const std::string& where) {
  const auto& recorded = info.identity.frozen;
  if (!recorded.empty() && recorded != digest)
    ThrowData("holds other frozen networks than the checkpoint was trained with", where,
              "the run went on with others; use one of its later checkpoints, or give the old ones' file "
              "this name");
}

}  // namespace helio::train
