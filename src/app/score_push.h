#pragma once
#include <vector>

#include "src/app/training_options.h"
#include "src/eval/evaluator.h"

namespace helio::app {

// To --push_gateway, where one is named, as helio_score of the run that --out names; they stay there. Rank 0.
void PushScores(const TrainingOptions& options, const std::vector<eval::Score>& scores);

}  // namespace helio::app
