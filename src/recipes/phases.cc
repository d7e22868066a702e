#include "src/recipes/phases.h"

#include <cmath>

namespace helio::recipes {
namespace {

double HalvedTimes(int64_t times) { return std::pow(0.5, static_cast<double>(times)); }

}  // namespace

OptimizerOptions AdamWith(const AdamBetaOptions& betas, double rate) {
  OptimizerOptions adam;
  adam.learning_rate = rate;
  adam.beta1 = betas.beta1;
  adam.beta2 = betas.beta2;
  return adam;
}

OptimizerOptions Torch7AdamWith(const AdamBetaOptions& betas, double rate) {
  auto adam = AdamWith(betas, rate);
  adam.rule = AdamOptions::Rule::kTorch7;
  return adam;
}

RateFactor HalvedEvery(int64_t epochs) {
  return [epochs](const StepContext& at) { return HalvedTimes(at.step / at.steps_per_epoch / epochs); };
}

RateFactor HalvedEarly(int64_t epochs) {
  return [epochs](const StepContext& at) { return HalvedTimes((at.step / at.steps_per_epoch + 1) / epochs); };
}

NamedTensors ParametersOf(const torch::nn::Module& module, const std::string& prefix) {
  NamedTensors parameters;
  for (const auto& entry : module.named_parameters())
    parameters.emplace_back(prefix + entry.key(), entry.value());
  return parameters;
}

NamedTensors TrainedParametersOf(const torch::nn::Module& module, const std::string& prefix) {
  auto parameters = ParametersOf(module, prefix);
  std::erase_if(parameters, [](const auto& entry) { return !entry.second.requires_grad(); });
  return parameters;
}

std::string WhyRanksAreAsked(const GlobalBatch& norm_scope, const GlobalBatch& loss_scope) {
  if (norm_scope.ranks() > 1)
    return "batch norm asks other ranks in the middle of a step (--batch_norm=local does not)";
  if (loss_scope.ranks() > 1)
    return "losses ask other ranks in the middle of a step (--negatives=local do not)";
  return "";
}

Phase MakePhase(const std::string& name, const torch::nn::Module& module, const std::string& prefix,
                const OptimizerOptions& optimizer, RateFactor rate) {
  Phase phase;
  phase.name = name;
  phase.parameters = TrainedParametersOf(module, prefix);
  phase.optimizer = optimizer;
  phase.rate = std::move(rate);
  return phase;
}

}  // namespace helio::recipes
