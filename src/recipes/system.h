#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataio/batch.h"
#include "src/base/adam_options.h"
#include "src/base/global_batch.h"
#include "src/base/named_tensors.h"
#include "src/losses/loss_terms.h"
#include "src/recipes/drawer.h"
#include "src/recipes/point_completer.h"
#include "src/recipes/translator.h"
#include "src/recipes/validation.h"

// What a published system is to the rest of the program: it declares what it owns, plays and draws, and how
// it is validated; devices, freezing, checkpoints, digests, averages and export follow from the declarations
// (docs/adding-a-recipe.md).
namespace helio::recipes {

using losses::LossTerm;
using losses::LossTerms;

struct StepContext;
// What a step takes from the host, as tensors there or on the device: a function of the batch, the context
// and frozen weights, bound to no step.
using MakeGiven = std::function<std::vector<torch::Tensor>(const dataio::Batch&, const StepContext&)>;
// Where given values come from instead (--cuda_graph).
class GivenValues {
 public:
  virtual ~GivenValues() = default;
  virtual std::vector<torch::Tensor> Of(std::string_view purpose, const MakeGiven& make) = 0;
};

// What a system may know about the step it is in. The same on every rank, but for the device.
struct StepContext {
  uint64_t seed = 0;
  int64_t step = 0;
  torch::Device device = torch::kCPU;
  torch::Dtype dtype = torch::kFloat32;
  int64_t steps = 0;  // of the whole run; 0: unknown
  int64_t steps_per_epoch = 1;
  // Gives a purpose's random numbers in place of those drawn by (seed, step): this rank's rows of a recorded
  // run's normal noise, or whatever else the purpose draws. Empty: they are drawn.
  std::function<torch::Tensor(std::string_view purpose)> noise = {};
  GivenValues* given = nullptr;  // null: made when they are asked for

  // {rows.local, size} standard normal numbers, a function of (seed, step, purpose, global row), on `device`
  // and of `dtype`.
  torch::Tensor Noise(std::string_view purpose, const RowRange& rows, int64_t size) const;

  // Constants on `device` that the host has a part in, once a step by this name: all of a step that can be
  // captured (System::WhyNotCaptured) comes through here or Noise, or is in the batch.
  std::vector<torch::Tensor> Given(std::string_view purpose, const dataio::Batch& batch,
                                   const MakeGiven& make) const;
};

// The values of one step on one batch: fakes, features, graphs. Prepare makes it, the phases of the step read
// and write it, the trainer frees it with the step. Several may live at once (--accumulate).
class Step {
 public:
  virtual ~Step() = default;
};

enum class Role {
  kTrained,  // parameters that phases update, and buffers that their forward passes move
  kFrozen,   // pretrained networks: constant, stored once with the run
  kMemory,   // tensors that steps write, the same on every rank (an image pool): functions of (seed, step,
             // global row)
};

// Tensors that belong together, under their published names. The list of parts is what checkpoints, digests,
// devices and export go by.
struct Part {
  std::string name;  // "netG": unique, the prefix of its tensors' names
  Role role = Role::kTrained;
  NamedTensors tensors;
};

struct OptimizerOptions : AdamOptions {
  double learning_rate = 2e-4;
  // 0: no clipping; else the L2 norm of the phase's (or clip_prefix's) gradient is limited to it.
  double clip_norm = 0;
  std::string clip_prefix;
  bool reset_each_epoch = false;  // moments and step count begin at zero every epoch
  // > 0: after so many steps the moving average becomes the parameters; moments stay (StackGAN++, released).
  int64_t average_taken_every = 0;
};

// One optimizer step of one player. The trainer freezes the parts it runs through, builds the loss, runs
// backward on the sum of its terms, and updates `parameters`.
struct Phase {
  std::string name;         // "d64", "g": metric label and checkpoint key
  NamedTensors parameters;  // what this phase updates, by published name; no parameter is in two phases
  OptimizerOptions optimizer;
  // Trained parts that the loss runs through without a gradient of their own (a generator's loss through the
  // discriminators).
  std::vector<std::string> through;
  // Terms that need nothing of the earlier rounds' updates; computed while their gradients are still being
  // reduced. May be empty.
  std::function<LossTerms(Step&)> early_loss;
  // The other terms. Called after the earlier rounds' optimizer steps. May be empty if early_loss is not.
  std::function<LossTerms(Step&)> loss;
  // The graphs of its loss outlive its update: a later phase differentiates through the activations from
  // before and the weights from after it, as Torch7's updateGradInput after an update does (GAWWN).
  bool graphs_stay = false;
  // Factor of this phase's learning rate. Empty: the run's --schedule.
  std::function<double(const StepContext&)> rate;
  // Whether the phase takes part in a step. Empty: always. A function of the step and of memory as it was
  // when the step was prepared, never of this rank's data: all ranks must agree.
  std::function<bool(const StepContext&)> plays;
};

// Phases that do not depend on each other's updates. Their backward passes run one after the other, each
// one's all-reduce under the next one's compute; all optimizer steps come last.
using Round = std::vector<Phase>;

// A published system. Knows no rank, file, flag or optimizer state. Built on the host; the trainer brings its
// parts to the rank's device. Not thread-safe.
class System {
 public:
  virtual ~System() = default;

  // The data sets it reads, and what of each: a batch has a domain for each, in this order. The same at every
  // call.
  virtual std::vector<dataio::DomainNeeds> Needs() const = 0;

  // The same list at every call; tensors are the live ones.
  virtual std::vector<Part> Parts() const = 0;

  // The game, in update order. Called once. Empty: nothing to train.
  virtual std::vector<Round> Rounds() { return {}; }

  // Before the first round: frozen encoders, noise, fakes. `batch` outlives the step. Collective, as the
  // losses are (batch norm and wrong pairs span the global batch).
  virtual std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) = 0;

  // Why its steps cannot be captured and launched again on other batches (--cuda_graph), in words; empty:
  // they can. That is: between Prepare and the last phase the host asks the device nothing, tells it nothing
  // new but by StepContext::Given and Noise, needs no caption's length (in a captured step they are on the
  // device) and no other rank, and does the same at every step; Conclude does nothing.
  virtual std::string WhyNotCaptured() const { return "it asks the host in its steps"; }

  // After the last round's updates (and averages taken), with the values of all micro-batches of the step:
  // for memory that depends on what its losses came to. Collective.
  virtual void Conclude(std::span<const std::unique_ptr<Step>> /*steps*/) {}

  // Null where the system draws no pictures. The drawer must not outlive the system.
  virtual std::unique_ptr<Drawer> MakeDrawer() { return nullptr; }

  // Null where the system translates no pictures. The translator must not outlive the system.
  virtual std::unique_ptr<Translator> MakeTranslator() { return nullptr; }

  // Null where the system completes no key points. The completer must not outlive the system.
  virtual std::unique_ptr<PointCompleter> MakePointCompleter() { return nullptr; }

  // Null where the system has no validation of its own. Must not outlive the system.
  virtual std::unique_ptr<Validation> MakeValidation() { return nullptr; }
};

// All tensors of the parts with that role, in order.
NamedTensors TensorsOf(const System& system, Role role);
// Those that a gradient may reach: the parameters of a part.
std::vector<torch::Tensor> ParametersOf(const Part& part);

// The step of a system that keeps nothing but its batch, and the base of those that keep more. `data` is the
// batch's first domain.
struct BatchStep : Step {
  BatchStep(const dataio::Batch& its_batch, const StepContext& its_context)
      : batch(its_batch), data(its_batch.data()), context(its_context) {}
  const dataio::Batch& batch;
  const dataio::Domain& data;
  const StepContext context;
};

}  // namespace helio::recipes
