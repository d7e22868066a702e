#pragma once
#include <functional>
#include <memory>
#include <string>

#include "src/recipes/system.h"
#include "tests/parity/fixture.h"

namespace helio::parity {

// The system under test, and a look at the values of each step.
class Watched : public recipes::System {
 public:
  // Values of a step, and gradients, under the names that they have in a recorded step.
  struct Seen {
    NamedTensors values, gradients = {};
  };
  using Look = std::function<Seen(const recipes::Step&)>;
  struct Looks {
    Look prepared = {};      // once the step is prepared
    std::string phase = {};  // once this phase's loss is built ...
    Look computed = {};      // ... if this is not empty
  };

  Watched(std::unique_ptr<recipes::System> system, Looks looks)
      : system_(std::move(system)), looks_(std::move(looks)) {}
  std::vector<dataio::DomainNeeds> Needs() const override { return system_->Needs(); }
  std::vector<recipes::Part> Parts() const override { return system_->Parts(); }
  std::vector<recipes::Round> Rounds() override {
    auto rounds = system_->Rounds();
    for (auto& round : rounds)
      for (auto& phase : round)
        if (looks_.computed && phase.name == looks_.phase)
          phase.loss = [this, loss = phase.loss](recipes::Step& step) {
            auto terms = loss(step);
            Note(looks_.computed(step));
            return terms;
          };
    return rounds;
  }
  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& batch,
                                         const recipes::StepContext& context) override {
    auto step = system_->Prepare(batch, context);
    seen = {};
    if (looks_.prepared) Note(looks_.prepared(*step));
    return step;
  }
  void Conclude(std::span<const std::unique_ptr<recipes::Step>> steps) override { system_->Conclude(steps); }

  Seen seen;  // of the latest step: copies

 private:
  void Note(const Seen& now) {
    for (const auto& [name, tensor] : now.values) seen.values.emplace_back(name, tensor.detach().clone());
    for (const auto& [name, tensor] : now.gradients)
      seen.gradients.emplace_back(name, tensor.detach().clone());
  }

  const std::unique_ptr<recipes::System> system_;
  const Looks looks_;
};

// A look at a step by its own type.
template <typename OwnStep, typename F>
Watched::Look LookAt(F look) {
  return [look](const recipes::Step& step) { return look(static_cast<const OwnStep&>(step)); };
}

}  // namespace helio::parity
