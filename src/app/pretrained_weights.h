#pragma once
#include "dataio/text.h"
#include "src/app/training_options.h"
#include "src/base/safetensors.h"
#include "src/recipes/registry.h"

namespace helio::app {

// Throws Error{kUser} where `weights`, which `flag` took from `file`, record another vocabulary than that of
// `digest`.
void CheckVocabulary(const SafeTensors& weights, const std::string& digest, const std::string& file,
                     const std::string& flag);
// The weights that the user gave; refuses those made with another vocabulary, and those that are not finite.
// Throws Error{kUser}. Local.
recipes::PretrainedWeights ReadWeights(const RunOptions& run, const dataio::Vocabulary& vocabulary);
// The same for networks that read no words.
recipes::PretrainedWeights ReadWeights(const RunOptions& run);

}  // namespace helio::app
