#include "src/losses/translation.h"

namespace helio::losses {

torch::Tensor PatchesAgainst(const torch::Tensor& logits, double label, PatchLoss kind,
                             const BatchScope& scope) {
  const int64_t count = scope.rows.global * logits.size(2) * logits.size(3);
  if (kind == PatchLoss::kSquares) return scope.Mean((logits - label).square(), count);
  // log(1 + e^-x) of label 1, log(1 + e^x) of label 0.
  const auto wrong = logits * (1 - 2 * label);
  return scope.Mean(wrong.clamp_min(0) + (-logits.abs()).exp().log1p(), count);
}

torch::Tensor MeanDistance(const torch::Tensor& a, const torch::Tensor& b, const BatchScope& scope) {
  return scope.Mean((a - b).abs(), scope.rows.global * a[0].numel());
}

}  // namespace helio::losses
