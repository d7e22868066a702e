#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/recipes/options.h"
#include "src/recipes/program.h"
#include "src/recipes/system.h"

namespace helio::recipes {

// Weights of frozen or initial networks by the role they play for a system ("damsm", "captioner",
// "classifier"), each under the published names with their prefix ("text_encoder.", "image_encoder.",
// "caption_cnn.", "caption_rnn.", "classifier.").
struct PretrainedWeights {
  std::map<std::string, NamedTensors> by_role;
  bool random = false;  // missing ones get seeded random weights instead of an error

  // Empty where the user gave none.
  const NamedTensors& Of(const std::string& role) const;
};

// What a system is built from, besides its options.
struct Surroundings {
  GlobalBatch& batch;      // batch-norm statistics; outlives the system
  GlobalBatch& negatives;  // wrong pairs and contrastive negatives; outlives the system
  uint64_t seed = 1;
  PretrainedWeights weights;
};

// One row a system.
struct Registration {
  std::string name;
  Program program;
  std::vector<std::string> weights;  // roles it takes (--weights=ROLE:FILE)
  std::unique_ptr<System> (*make)(const RecipeOptions&, const Surroundings&);
};

const std::vector<Registration>& Systems();

// Throws Error{kUser} listing the known names.
const Registration& FindSystem(const std::string& name);

// The system `name`. Throws Error{kUser} as FindSystem, or naming the weights it lacks.
std::unique_ptr<System> MakeSystem(const std::string& name, const RecipeOptions& options,
                                   const Surroundings& surroundings);

std::vector<std::string> SystemNames();
std::vector<std::string> SystemNames(Program program);

}  // namespace helio::recipes
