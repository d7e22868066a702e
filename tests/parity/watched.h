#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "src/recipes/system.h"
#include "tests/parity/fixture.h"

namespace helio::parity {

// The system under test, and a look at the fakes of each step.
class Watched : public recipes::System {
 public:
  using Look = std::function<std::vector<torch::Tensor>(const recipes::Step&)>;

  Watched(std::unique_ptr<recipes::System> system, Look look)
      : system_(std::move(system)), look_(std::move(look)) {}
  std::vector<dataio::DomainNeeds> Needs() const override { return system_->Needs(); }
  std::vector<recipes::Part> Parts() const override { return system_->Parts(); }
  std::vector<recipes::Round> Rounds() override { return system_->Rounds(); }
  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& batch,
                                         const recipes::StepContext& context) override {
    auto step = system_->Prepare(batch, context);
    fakes = look_(*step);
    return step;
  }

  void Conclude(std::span<const std::unique_ptr<recipes::Step>> steps) override { system_->Conclude(steps); }

  std::vector<torch::Tensor> fakes;

 private:
  const std::unique_ptr<recipes::System> system_;
  const Look look_;
};

// What the trained networks came to, tensors and norms, under their recorded names: those without the first
// `cut` characters of the system's ("netG." is "G." in some recordings).
inline void GiveTrained(Fixture& fixture, const recipes::System& system, size_t cut = 0) {
  for (const auto& [name, tensor] : recipes::TensorsOf(system, recipes::Role::kTrained)) {
    const auto own = name.substr(cut);
    const bool parameter = fixture.Has("param." + own);
    fixture.Give((parameter ? "out.final.param." : "out.final.buffer.") + own, tensor);
    if (parameter) fixture.Give("out.final.norm." + own, tensor.to(torch::kFloat64).norm());
  }
}

}  // namespace helio::parity
