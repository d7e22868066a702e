#include "src/recipes/ladder_game.h"

#include "src/losses/adversarial.h"
#include "src/losses/kl.h"
#include "src/nn/freeze.h"
#include "src/nn/init.h"

namespace helio::recipes {
namespace {

nn::GeneratorOptions GeneratorOptionsOf(const RecipeOptions& options, nn::AttentionKind attention) {
  nn::GeneratorOptions generator;
  generator.gf = options.gf;
  generator.embedding = options.embedding;
  generator.condition = options.condition;
  generator.z = options.z;
  generator.residual_blocks = options.residual_blocks;
  generator.stages = options.stages;
  generator.base_side = options.base_side;
  generator.attention = attention;
  generator.released_mask = options.released;
  return generator;
}

AdamOptions GanAdam(const RecipeOptions& options, double rate) {
  AdamOptions adam;
  adam.learning_rate = rate;
  adam.beta1 = options.beta1;
  adam.beta2 = options.beta2;
  return adam;
}

std::string DiscriminatorPrefix(size_t stage) { return "netD" + std::to_string(stage) + "."; }

NamedTensors ParametersOf(const torch::nn::Module& module, const std::string& prefix) {
  NamedTensors parameters;
  for (const auto& entry : module.named_parameters()) parameters.emplace_back(prefix + entry.key(), entry.value());
  return parameters;
}

void Append(NamedTensors& to, const NamedTensors& from) { to.insert(to.end(), from.begin(), from.end()); }

}  // namespace
}
