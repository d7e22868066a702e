#pragma once
#include <string>
#include <vector>

#include "src/recipes/validation.h"

namespace helio::recipes {

// Counts of retrieval by similarity: {3} float64, in how many rows the right candidate comes first, in how
// many it is among the first five, and the rows. scores {B, candidates}; own {B, 1}: the right candidates'
// scores. Ties count against; NaN where a score is not finite.
torch::Tensor RetrievalHits(const torch::Tensor& scores, const torch::Tensor& own);

// The sums of these counts over batches as shares of the rows: "NAME_top1" and "NAME_top5".
std::vector<ValidationScore> RetrievalScores(const std::string& name, const torch::Tensor& sums,
                                             const std::string& protocol = "");

// The names of these scores.
std::vector<std::string> RetrievalNames(const std::string& name);

}  // namespace helio::recipes
