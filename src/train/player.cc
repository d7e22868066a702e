#include "src/train/player.h"

#include <algorithm>
#include <map>
#include <string>

namespace helio::train {
namespace {

// The elements whose moments this rank keeps.
cluster::Shard OwnPart(const cluster::ParameterGroup& group, const cluster::World& world, bool shard) {
  return shard ? cluster::OwnShard(group, world) : cluster::Shard{0, group.size()};
}

// While it lives, graphs do not differentiate with respect to these parameters: a generator's backward runs
// *through* the discriminators without their weight gradients (the published code computes and throws them
// away).
class ScopedFreeze {
 public:
  explicit ScopedFreeze(const std::vector<torch::Tensor>& parameters) : parameters_(parameters) {
    for (const auto& parameter : parameters_) parameter.set_requires_grad(false);
  }
  ScopedFreeze(const ScopedFreeze&) = delete;
  ScopedFreeze& operator=(const ScopedFreeze&) = delete;
  ~ScopedFreeze() {
    for (const auto& parameter : parameters_) parameter.set_requires_grad(true);
  }

 private:
  const std::vector<torch::Tensor>& parameters_;
};

// The parameters of the trained parts that a phase runs through.
std::vector<torch::Tensor> ParametersThrough(const recipes::Phase& phase,
                                             const std::vector<recipes::Part>& parts) {
  std::vector<torch::Tensor> parameters;
  for (const auto& name : phase.through) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.name == name; });
    CHECK(part != parts.end()) << "phase " << phase.name << " runs through '" << name
                               << "', which is no part";
    for (auto& parameter : recipes::ParametersOf(*part)) parameters.push_back(std::move(parameter));
  }
  return parameters;
}

}  // namespace

Player::Player(recipes::Phase phase_to_play, const std::vector<recipes::Part>& parts,
               cluster::Communicator& communicator, const TrainerOptions& options)
    : phase(std::move(phase_to_play)),
      through(ParametersThrough(phase, parts)),
      group(phase.name, phase.parameters, options.reducer.shard_optimizer ? communicator.size() : 1),
      shard(OwnPart(group, communicator.world(), options.reducer.shard_optimizer)),
      adam(group, phase.optimizer, shard.begin, shard.end),
      reducer(communicator, group, options.reducer),
      device(communicator.world().device),
      // A graph that outlives its update must see the new weights, not bfloat16 casts of the old ones.
      precision(phase.graphs_stay ? Precision::kFloat32 : options.precision) {}

double Player::rate(const recipes::StepContext& context, double factor) const {
  return phase.optimizer.learning_rate * (phase.rate ? phase.rate(context) : factor);
}

recipes::LossTerms Player::EarlyLoss(recipes::Step& step) const {
  const ScopedFreeze frozen(through);
  const ForwardPrecision forward(precision, device);
  return phase.early_loss ? phase.early_loss(step) : recipes::LossTerms{};
}

recipes::LossTerms Player::Loss(recipes::Step& step) const {
  const ScopedFreeze frozen(through);
  const ForwardPrecision forward(precision, device);
  return phase.loss ? phase.loss(step) : recipes::LossTerms{};
}

void CheckDisjoint(const std::vector<recipes::Round>& rounds) {
  std::map<const void*, std::string> owner;
  for (const auto& round : rounds)
    for (const auto& phase : round)
      for (const auto& [name, tensor] : phase.parameters) {
        const auto [other, fresh] = owner.emplace(tensor.unsafeGetTensorImpl(), phase.name);
        CHECK(fresh) << name << " is in the phases " << other->second << " and " << phase.name;
      }
}

}  // namespace helio::train
