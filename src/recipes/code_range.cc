#include "src/recipes/code_range.h"

namespace helio::recipes {

CodeRange::CodeRange(int64_t size)
    : sum_(torch::zeros({}, torch::kFloat64)),
      count_(torch::zeros({}, torch::kFloat64)),
      highest_(torch::zeros({size})) {}

void CodeRange::Watch(const torch::Tensor& codes) {
  const torch::NoGradGuard no_grad;
  sum_.add_(codes.sum(torch::kFloat64));
  count_.add_(static_cast<double>(codes.numel()));
  highest_.copy_(torch::maximum(highest_, codes.amax(0)));
}

double CodeRange::Mean() const {
  const auto count = count_.item<double>();
  return count > 0 ? sum_.item<double>() / count : 1;
}

NamedTensors CodeRange::State(const std::string& prefix) const {
  return {{prefix + "sum", sum_}, {prefix + "count", count_}, {prefix + "highest", highest_}};
}

}  // namespace helio::recipes
