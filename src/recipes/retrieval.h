#pragma once
#include <string>
#include <vector>

#include "src/recipes/validation.h"

namespace helio::recipes {

// How often what belongs to a row is its nearest, or among its five nearest, of `scores` {B, candidates}:
// {3} float64, top-1, top-5 and the rows. `own` {B, 1}: the score of what belongs to it. Ties count against;
// NaN where a score is not finite.
torch::Tensor RetrievalHits(const torch::Tensor& scores, const torch::Tensor& own);

// The sums of those over batches as shares, "NAME_top1" and "NAME_top5".
std::vector<ValidationScore> RetrievalScores(const std::string& name, const torch::Tensor& sums,
                                             const std::string& protocol = "");

// The names of these scores.
std::vector<std::string> RetrievalNames(const std::string& name);

}  // namespace helio::recipes
