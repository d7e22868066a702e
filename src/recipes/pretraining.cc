#include "src/recipes/pretraining.h"

#include "src/nn/freeze.h"

namespace helio::recipes {

void Pretraining::Prepare(const dataio::Batch& batch, const StepContext& context) {
  batch_ = &batch;
  context_ = context;
}

std::vector<Round> Pretraining::OneRound(const std::string& name, NamedTensors parameters,
                                         const RecipeOptions& options, std::function<LossTerms()> loss) {
  Phase phase;
  phase.name = name;
  for (auto& entry : parameters)
    if (entry.second.requires_grad()) phase.parameters.push_back(entry);
  phase.optimizer.learning_rate = options.rate;
  phase.optimizer.beta1 = options.beta1;
  phase.optimizer.beta2 = options.beta2;
  phase.loss = std::move(loss);
  std::vector<Round> rounds(1);
  rounds[0].push_back(std::move(phase));
  return rounds;
}

void StartFromClassifier(nn::ImageTrunk& trunk, const NamedTensors& classifier) {
  NamedTensors weights;
  for (const auto& [name, tensor] : WithoutPrefix(classifier, "classifier."))
    if (!name.starts_with("fc.")) weights.emplace_back(name, tensor);
  if (!weights.empty()) CopyState(weights, StateOf(trunk), "--classifier");
}

}  // namespace helio::recipes
