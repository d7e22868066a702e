#pragma once
#include <functional>
#include <map>
#include <string>

#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/parity/watched.h"

namespace helio::parity {

// Recorded names of losses: of terms, by "phase.term", and of sums, by phase.
struct LossNames {
  std::map<std::string, std::string> terms = {}, phases = {};
};

// A recorded training loop: who played it, what its steps were given, and under which names what they
// computed was recorded. Those of step n begin with `it`, "it<n>.".
struct Trajectory {
  std::string system;
  OptionValues options;
  recipes::DataFacts data;
  int64_t steps_per_epoch = 1;
  double rate_factor = 1;  // of phases that have no rate of their own
  Watched::Looks looks = {};
  std::function<dataio::Batch(const std::string& it)> batch;
  // What takes the place of a purpose's random numbers. Empty: nothing is drawn.
  std::function<torch::Tensor(const recipes::System& system, const std::string& it, std::string_view purpose)>
      drawn = {};
  LossNames losses = {};
  // Gives those of a step's losses that are neither terms nor such sums, under names that begin with
  // `prefix`.
  std::function<void(const train::StepReport& report, const std::string& prefix)> other_losses = {};
  // Under which name one of the system's tensors was recorded.
  std::function<std::string(const std::string& name)> recorded = std::identity();
  bool all_recorded = true;  // at the start, but for memory; false: what was not is as the system makes it
  bool gradients_as_recorded = false;  // what has a recorded gradient takes one, whatever our system trains
};

// Plays it by what a user runs, MakeSystem and Trainer, with what was recorded in place of what is drawn, and
// gives the fixture each step's values, gradients that were looked at and losses, the gradients of the first
// step, and what networks and averages came to.
void ReplayLoop(Fixture& fixture, const Trajectory& trajectory);

// Of the programs in Torch7 (GAN-INT-CLS, GAWWN): "G." for "netG.", and their losses.
std::string Torch7NameOf(const std::string& name);
LossNames Torch7Losses();

// Pictures of several sides: "fake0", "fake1", ...
Watched::Seen FakesIn(const std::vector<torch::Tensor>& pictures);

// The sum of a phase's terms whose names end so; undefined where there are none.
torch::Tensor TermsOf(const train::StepReport& report, const std::string& phase,
                      const std::string& ending = "");

}  // namespace helio::parity
