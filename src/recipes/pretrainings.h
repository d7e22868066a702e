#pragma once
#include <memory>

#include "src/recipes/registry.h"

// Systems whose product is a file of weights for others; each is a class in the file of its name.
namespace helio::recipes {

std::unique_ptr<System> MakeCaptioner(const RecipeOptions& options, const Surroundings& surroundings);
std::unique_ptr<System> MakeClassifier(const RecipeOptions& options, const Surroundings& surroundings);
std::unique_ptr<System> MakeDamsm(const RecipeOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
