#include "src/recipes/code_range.h"

namespace helio::recipes {

CodeRange::CodeRange(int64_t size)
    : sum_(torch::zeros({}, torch::kFloat64)),
      count_(torch::zeros({}, torch::kFloat64)),
      highest_(torch::zeros({size})) {}

// Each rank adds up its own rows and all get the sum of these sums: if each added up all rows, ranks with
// other numbers of threads would differ in the last bits.
void CodeRange::Add(const torch::Tensor& own, GlobalBatch& ranks, const RowRange& rows) {
  const torch::NoGradGuard no_grad;
  auto sum = own.sum(torch::kFloat64).view({1});
  ranks.Sum(sum);
  sum_.add_(sum.squeeze(0));
  count_.add_(static_cast<double>(rows.global * own.size(1)));
  highest_.copy_(torch::maximum(highest_, GatherRows(ranks, own, rows).amax(0)));
}

double CodeRange::Mean() const {
  const auto count = count_.item<double>();
  return count > 0 ? sum_.item<double>() / count : 1;
}

NamedTensors CodeRange::State(const std::string& prefix) const {
  return {{prefix + "sum", sum_}, {prefix + "count", count_}, {prefix + "highest", highest_}};
}

}  // namespace helio::recipes
