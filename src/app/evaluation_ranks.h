#pragma once
#include <filesystem>

#include "cluster/communicator.h"
#include "dataio/dataset.h"
#include "src/app/trained_model.h"
#include "src/eval/judges.h"

// Checks that the ranks of an evaluation agree, since each draws and judges a share of the pictures.
namespace helio::app {

// The checkpoint folder that `path` (it, or a run's folder) means on rank 0: where the run is still under way
// another rank may find a newer one. Throws Error{kUser} where there is none. Collective.
std::filesystem::path CheckpointOfAll(const std::filesystem::path& path, cluster::Communicator& communicator);

// Throws Error{kUser} on every rank, naming what differs where, unless all ranks draw with the same weights
// for the same rows and judge by the same networks. Collective.
void CheckSameEvaluation(const TrainedModel& model, const eval::Judges& judges, const dataio::Dataset& test,
                         cluster::Communicator& communicator);

}  // namespace helio::app
