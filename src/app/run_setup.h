#pragma once
#include <memory>

#include "src/app/training_options.h"
#include "src/base/global_batch.h"
#include "src/recipes/registry.h"

// Turns the options of a run into what the layers below take.
namespace helio::app {

struct RunLength {
  int64_t steps, steps_per_epoch;
};

// The batch that the ranks of `extent` share. Collective.
std::unique_ptr<GlobalBatch> MakeBatch(BatchExtent extent, cluster::Communicator& communicator);
// The system, its networks on the host, in the run's number format, with the weights of --initial. Throws as
// recipes::MakeSystem and LoadInitialWeights.
std::unique_ptr<recipes::System> MakeSystemOnHost(const TrainingOptions& options,
                                                  const recipes::Surroundings& surroundings);
dataio::LoaderOptions LoaderOptionsOf(const TrainingOptions& options, const cluster::World& world);
// --steps, or --epochs of so many training rows. Throws Error{kUser} where that is less than a step.
RunLength LengthOf(const RunOptions& run, int64_t rows);
// --threads, or this rank's share of its host's cores. Collective.
void UseThreads(int threads, cluster::Communicator& communicator);

}  // namespace helio::app
