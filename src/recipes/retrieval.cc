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
  return {{name + "_top1", (sums[0] / sums[2]).item<double>(), protocol},
          {name + "_top5", (sums[1] / sums[2]).item<double>(), protocol}};
}

}  // namespace helio::recipes
