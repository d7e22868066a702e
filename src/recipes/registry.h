#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/base/tensor.h"
#include "src/recipes/options.h"
#include "src/recipes/recipe.h"
#include "src/recipes/validation.h"

namespace helio::recipes {

// Weights of frozen or initial networks, by published name with their prefix ("text_encoder.",
// "image_encoder.", "caption_cnn.", "caption_rnn.", "classifier."). Empty where the user gave none.
struct PretrainedWeights {
  NamedTensors damsm;
  NamedTensors captioner;
  NamedTensors classifier;
  bool random = false;  // missing ones get seeded random weights instead of an error
};

// What a recipe is built from, besides its options.
struct RecipeContext {
  GlobalBatch& batch;      // batch-norm statistics; outlives the recipe
  GlobalBatch& negatives;  // wrong pairs and contrastive negatives; outlives the recipe
  uint64_t seed = 1;
  PretrainedWeights weights;
};

using RecipeFactory = std::unique_ptr<Recipe> (*)(const RecipeOptions&, const RecipeContext&);

// The recipe `name`. Throws Error{kUser} listing the known names, or naming the weights it lacks.
std::unique_ptr<Recipe> MakeRecipe(const std::string& name, const RecipeOptions& options,
                                   const RecipeContext& context);

std::vector<std::string> RecipeNames();

}  // namespace helio::recipes
