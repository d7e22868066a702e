#include "tests/parity/trajectory.h"

#include "cluster/solo_communicator.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

using recipes::Role;

void AddTo(torch::Tensor& sum, const torch::Tensor& value) { sum = sum.defined() ? sum + value : value; }

class TrajectoryReplay {
 public:
  TrajectoryReplay(Fixture& fixture, const Trajectory& trajectory)
      : fixture_(fixture),
        trajectory_(trajectory),
        communicator_(cluster::MakeSoloCommunicator({.device = fixture.device()})),
        system_(MakeSystem(), trajectory.looks),
        trainer_(system_, *communicator_, {.precision = fixture.precision()}) {
    trainer_.ResetAverages();
  }

  void Run() {
    const int64_t steps = fixture_.Iterations();
    CHECK_GT(steps, 0) << fixture_.where();
    for (int64_t step = 0; step < steps; ++step) Step(step, "it" + std::to_string(step) + ".");
    GiveTrained();
    GiveAverages();
  }

 private:
  std::unique_ptr<recipes::System> MakeSystem() {
    auto system = recipes::MakeSystem(trajectory_.system, trajectory_.options,
                                      {batch_, batch_, 1, {{}, /*random=*/true}, trajectory_.data});
    const torch::NoGradGuard no_grad;
    for (const auto& part : system->Parts())
      for (const auto& [name, tensor] : part.tensors) SetToRecorded(part.role, name, tensor);
    return system;
  }

  void SetToRecorded(Role role, const std::string& name, const torch::Tensor& tensor) const {
    const auto own = trajectory_.recorded(name);
    const bool must = trajectory_.all_recorded && role != Role::kMemory;
    if (must || fixture_.Has("param." + own) || fixture_.Has("buffer." + own))
      tensor.copy_(fixture_.State(own));
    if (trajectory_.gradients_as_recorded && fixture_.Has("grad.it0.param." + own))
      tensor.set_requires_grad(true);
  }

  void Step(int64_t number, const std::string& it) {
    recipes::StepContext context{.step = number, .device = fixture_.device(), .dtype = fixture_.dtype()};
    context.steps_per_epoch = trajectory_.steps_per_epoch;
    if (trajectory_.drawn)
      context.noise = [&](std::string_view purpose) { return trajectory_.drawn(system_, it, purpose); };
    const auto report = trainer_.Step(trajectory_.batch(it), context, trajectory_.rate_factor);
    CHECK_EQ(report.skipped(), 0);
    for (const auto& [name, value] : system_.seen.values) fixture_.Give("out." + it + name, value);
    for (const auto& [name, value] : system_.seen.gradients) fixture_.Give("grad." + it + name, value);
    GiveLosses(report, "out." + it);
    if (trajectory_.other_losses) trajectory_.other_losses(report, "out." + it);
    if (number == 0) GiveGradients(it);
  }

  void GiveLosses(const train::StepReport& report, const std::string& prefix) {
    const auto& [terms, phases] = trajectory_.losses;
    std::map<std::string, torch::Tensor> sums;
    for (const auto& term : report.terms) {
      if (const auto found = terms.find(term.phase + "." + term.name); found != terms.end())
        fixture_.Give(prefix + found->second, term.value);
      if (const auto found = phases.find(term.phase); found != phases.end())
        AddTo(sums[found->second], term.value);
    }
    for (const auto& [name, sum] : sums) fixture_.Give(prefix + name, sum);
  }

  NamedTensors Trained() const { return recipes::TensorsOf(system_, Role::kTrained); }

  // A phase's gradients stay until its next step.
  void GiveGradients(const std::string& it) {
    for (const auto& [name, tensor] : Trained())
      if (tensor.requires_grad() && tensor.grad().defined())
        fixture_.Give("grad." + it + "param." + trajectory_.recorded(name), tensor.grad());
  }

  void GiveTrained() {
    for (const auto& [name, tensor] : Trained()) {
      const auto own = trajectory_.recorded(name);
      const bool parameter = fixture_.Has("param." + own);
      fixture_.Give((parameter ? "out.final.param." : "out.final.buffer.") + own, tensor);
      if (parameter) fixture_.Give("out.final.norm." + own, tensor.to(torch::kFloat64).norm());
    }
  }

  void GiveAverages() {
    for (const auto& [own, average] : WithoutPrefix(trainer_.AverageState(), "netG.")) {
      fixture_.Give("out.final.ema." + own, average);
      fixture_.Give("out.final.norm.ema." + own, average.to(torch::kFloat64).norm());
    }
  }

  Fixture& fixture_;
  const Trajectory& trajectory_;
  const DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
  const std::unique_ptr<cluster::Communicator> communicator_;
  Watched system_;
  train::Trainer trainer_;
};

}  // namespace

void ReplayLoop(Fixture& fixture, const Trajectory& trajectory) {
  TrajectoryReplay(fixture, trajectory).Run();
}

std::string Torch7NameOf(const std::string& name) { return name.substr(std::string("net").size()); }

LossNames Torch7Losses() {
  return {
      .terms = {{"d.real_cond", "errD_real"}, {"d.wrong_cond", "errD_wrong"}, {"d.fake_cond", "errD_fake"}},
      .phases = {{"d", "errD"}, {"g", "errG"}}};
}

Watched::Seen FakesIn(const std::vector<torch::Tensor>& pictures) {
  Watched::Seen seen;
  for (const auto& picture : pictures)
    seen.values.emplace_back("fake" + std::to_string(seen.values.size()), picture);
  return seen;
}

torch::Tensor TermsOf(const train::StepReport& report, const std::string& phase, const std::string& ending) {
  torch::Tensor sum;
  for (const auto& term : report.terms)
    if (term.phase == phase && term.name.ends_with(ending)) AddTo(sum, term.value);
  return sum;
}

}  // namespace helio::parity
