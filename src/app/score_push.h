#pragma once
#include <filesystem>
#include <vector>

#include "src/app/training_options.h"
#include "src/eval/evaluator.h"

namespace helio::app {

// To --push_gateway, where one is named, as helio_score of the run in folder `run`, in a group of the
// evaluation that --out names: beside what the run pushes itself and what its other evaluations do. They stay
// there. Rank 0.
void PushScores(const TrainingOptions& options, const std::filesystem::path& run,
                const std::vector<eval::Score>& scores);

}  // namespace helio::app
