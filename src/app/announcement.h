#pragma once
#include "cluster/communicator.h"
#include "src/app/run_setup.h"
#include "src/app/training_data.h"
#include "src/app/training_options.h"
#include "src/recipes/system.h"

namespace helio::app {

// Logs what is going to run, and warns of what its user may not have meant. Local; for rank 0.
void Announce(const TrainingOptions& options, const ResolvedOptions& resolved, const recipes::System& system,
              const TrainingData& data, const cluster::Communicator& communicator, RunLength length);

}  // namespace helio::app
