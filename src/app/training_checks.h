#pragma once
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "dataio/dataset.h"
#include "src/app/training_options.h"
#include "src/recipes/registry.h"

// Mistakes of the user that can be seen before the first step and that no option shows by itself. Each throws
// Error{kUser}.
namespace helio::app {

// The options that `values` give, when all of them are in order; every problem in one error. `allowed`: the
// systems of this program.
TrainingOptions CheckedOptions(const OptionValues& values, const std::vector<std::string>& allowed);
// That all ranks were started with the same version and options. Before every other collective: which ones
// follow, and with what, these decide. Throws on every rank, naming what differs where. Collective.
void CheckSameJob(const ResolvedOptions& own, cluster::Communicator& communicator);
// That all ranks have read the same weights: of judges, too, which are in no part of the system. Throws as
// CheckSameJob. Collective.
void CheckSameWeights(const recipes::PretrainedWeights& weights, cluster::Communicator& communicator);
// That --batch is large enough for so many ranks.
void CheckRanks(const TrainingOptions& options, const cluster::World& world);
// R-precision needs 99 captions of other classes beside each of the `images` that --`flag` asks for.
void CheckEvaluation(const dataio::Dataset& test, const RunOptions& run, int64_t images,
                     const std::string& flag);
// That --keep_best is one of the run's scores. Where the run can have no scores at all, --evaluate_every is
// warned of, on the rank that is to `say` so.
void CheckScores(const train::SessionOptions& session, const std::vector<std::string>& scores, bool say);
// That no option for drawing step by step is given to a system that draws in one pass.
void CheckChain(const std::string& recipe, const OptionValues& given);
// That --data names packed data sets.
void CheckData(const RunOptions& run);

}  // namespace helio::app
