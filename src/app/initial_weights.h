#pragma once
#include <map>
#include <string>

#include "src/recipes/system.h"

namespace helio::app {

// Loads the weights of `files` (part -> file, safetensors) in place of random initial ones: published
// networks that scripts/convert_weights.py has converted, or those of helio-export. Names are the published
// ones, with or without "PART." in front. Throws Error{kUser} where the system trains no such part, or the
// weights do not fit it. Local.
void LoadInitialWeights(const std::map<std::string, std::string>& files, recipes::System& system);

}  // namespace helio::app
