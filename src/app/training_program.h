#pragma once
#include <memory>

#include "cluster/launch.h"
#include "cluster/metrics.h"
#include "dataio/loader.h"
#include "src/recipes/registry.h"

// What helio-pretrain and helio-train do after their flags are read.
namespace helio::app {

// Trains the recipe named by --recipe, which must be one of `allowed`. Returns the exit code; throws Error.
int RunTraining(const std::vector<std::string>& allowed);

// From the flags.
cluster::LaunchOptions LaunchFlags();
// `options` completed by what the data set says: vocabulary and classes.
recipes::RecipeOptions OptionsFor(const dataio::Dataset& dataset);
std::vector<int64_t> ImageSides(const recipes::RecipeOptions& options);
// The weights named by --damsm, --captioner and --classifier; refuses files made with another vocabulary.
recipes::PretrainedWeights PretrainedFlags(const dataio::Vocabulary& vocabulary);
// --threads, or this rank's share of its host's cores. Collective.
void UseThreads(cluster::Communicator& communicator);

}  // namespace helio::app
