#include "src/recipes/retrieval.h"

#include "src/base/finite.h"

namespace helio::recipes {

torch::Tensor RetrievalHits(const torch::Tensor& scores, const torch::Tensor& own) {
  // What is not below the own score is before it, but for that score itself.
  const auto rank = scores.lt(own).logical_not().sum(1).sub(1);
  return torch::stack({rank.eq(0).sum(), rank.lt(5).sum(), torch::ones_like(rank).sum()})
             .to(torch::kFloat64) *
         OneIfFinite(scores);
}

std::vector<ValidationScore> RetrievalScores(const std::string& name, const torch::Tensor& sums,
                                             const std::string& protocol) {
  const auto names = RetrievalNames(name);
  return {{names[0], (sums[0] / sums[2]).item<double>(), protocol},
          {names[1], (sums[1] / sums[2]).item<double>(), protocol}};
}

std::vector<std::string> RetrievalNames(const std::string& name) { return {name + "_top1", name + "_top5"}; }

}  // namespace helio::recipes
