#pragma once
#include <memory>
#include <vector>

#include "cluster/launch.h"
#include "dataio/loader.h"
#include "src/base/global_batch.h"
#include "src/recipes/registry.h"
#include "src/train/session.h"
#include "src/train/trainer.h"
#include "src/train/validation_run.h"

// The flags as the structs that the layers below take.
namespace helio::app {

cluster::LaunchOptions LaunchFlags();
torch::Dtype DtypeFlag();
// --batch_norm and --negatives. Collective.
std::unique_ptr<GlobalBatch> BatchNormFlag(cluster::Communicator& communicator);
std::unique_ptr<GlobalBatch> NegativesFlag(cluster::Communicator& communicator);
// The options of --recipe, completed by what the data set says: vocabulary and classes.
recipes::RecipeOptions OptionsFor(const dataio::Dataset& dataset);
// The files of --weights, --damsm, --captioner and --classifier; refuses those made with another vocabulary.
recipes::PretrainedWeights PretrainedFlags(const dataio::Vocabulary& vocabulary);
train::TrainerOptions TrainerFlags();
dataio::LoaderOptions LoaderFlags(const recipes::RecipeOptions& options, const cluster::World& world);
train::ValidationOptions ValidationFlags();
// All of a session's options that are flags; how long it is, what it is and what it writes is added by the
// program.
train::SessionOptions SessionFlags();
// --threads, or this rank's share of its host's cores. Collective.
void UseThreads(cluster::Communicator& communicator);

}  // namespace helio::app
