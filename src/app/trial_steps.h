#pragma once
#include "src/app/dry_run.h"
#include "src/app/training_structs.h"

// What --dry_run finds out about the run that the flags describe.
namespace helio::app {

// What needs no step: sizes, flags, rows. Local.
DryRunFacts FactsOf(const recipes::System& system, const train::Trainer& trainer,
                    const recipes::RecipeOptions& options, const dataio::Dataset& train,
                    const cluster::World& world);

// Where the run would begin; reads and checks the whole checkpoint, throws as the run itself would. Local.
int64_t StepToResume(const train::RunIdentity& identity);

// The memory that a step with that many rows a rank takes for a while. Changes the weights. Collective.
int64_t BytesOfTrialStep(train::Trainer& trainer, const recipes::RecipeOptions& options,
                         const dataio::Dataset& train, cluster::Communicator& communicator, int64_t rows);

// A batch of the loader on this rank's device.
dataio::Batch Fetch(dataio::Loader& loader, const recipes::RecipeOptions& options,
                    const cluster::World& world);

}  // namespace helio::app
