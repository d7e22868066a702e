#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataio/batch.h"
#include "src/base/global_batch.h"
#include "src/base/named_tensors.h"
#include "src/base/random.h"
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

namespace helio::recipes {

using losses::LossTerm;
using losses::LossTerms;

struct AdamOptions {
  double learning_rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double clip_norm =
      0;  // 0: no clipping; else the L2 norm of the phase's (or clip_prefix's) gradient is limited to it
  std::string clip_prefix;
  double ema_decay = 0;            // 0: no moving average of this phase's parameters
  bool forget_each_epoch = false;  // moments and step count begin at zero every epoch
};

// One optimizer step of one player. The trainer arms the player's gradients, calls `loss`, and runs backward
// on the sum of its terms.
struct Phase {
  std::string name;         // "d64", "g": metric label and checkpoint key
  NamedTensors parameters;  // what this phase updates, by published name
  AdamOptions optimizer;
  // Terms that need nothing of the earlier rounds' updates; computed while their gradients are still being
  // reduced. May be empty.
  std::function<LossTerms()> early_loss;
  // The other terms. Called after the earlier rounds' optimizer steps. Builds the graph.
  std::function<LossTerms()> loss;
};

// Phases that do not depend on each other's updates. Their backward passes run one after the other, each
// one's all-reduce under the next one's compute; all optimizer steps come last.
using Round = std::vector<Phase>;

// What a recipe may know about the step it is in.
struct StepContext {
  uint64_t seed = 0;
  int64_t step = 0;
  torch::Device device = torch::kCPU;
  torch::Dtype dtype = torch::kFloat32;
};

// A published system: its networks, and its game as rounds of phases. Knows no rank, file, flag or optimizer
// state. Not thread-safe. Prepare and the phases' losses are collective (batch norm and wrong pairs span the
// global batch).
class Recipe {
 public:
  virtual ~Recipe() = default;

  // The game, in update order. The closures read what the latest Prepare left. Called once.
  virtual std::vector<Round> Rounds() = 0;

  // Per step, before the first round: frozen encoders, noise, the fakes. `batch` must outlive the step.
  virtual void Prepare(const dataio::Batch& batch, const StepContext& context) = 0;

  // Every network whose state a checkpoint must hold: trained parameters and buffers of all phases, by name.
  virtual NamedTensors State() const = 0;

  // Frozen networks (text encoder, captioner, image trunks): not trained, stored once with the run.
  virtual NamedTensors FrozenState() const { return {}; }
};

}  // namespace helio::recipes
