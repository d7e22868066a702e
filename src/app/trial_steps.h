#pragma once
#include "src/app/dry_run.h"
#include "src/app/training_data.h"
#include "src/app/training_structs.h"

// What --dry_run finds out about the run that the options describe.
namespace helio::app {

// What needs no step: sizes, flags, rows. Local.
DryRunFacts FactsOf(const recipes::System& system, const train::Trainer& trainer, const TrainingData& data,
                    const TrainingOptions& options, const ResolvedOptions& resolved,
                    const cluster::World& world);

// Where the run would begin; reads and checks the whole checkpoint, throws as the run itself would. Local.
int64_t StepToResume(const train::RunIdentity& identity, const train::SessionOptions& session);

// The memory that a step with that many rows a rank takes for a while. Changes the weights. Collective.
int64_t BytesOfTrialStep(const recipes::System& system, train::Trainer& trainer, const TrainingData& data,
                         const TrainingOptions& options, cluster::Communicator& communicator, int64_t rows);

}  // namespace helio::app
