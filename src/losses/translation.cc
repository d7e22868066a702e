#include "src/losses/translation.h"

#include "src/base/precision.h"

namespace helio::losses {

torch::Tensor PatchGanLoss(const torch::Tensor& of, double label, PatchLoss kind, const BatchScope& scope) {
  const FullPrecision full;
  const auto logits = Exact(of);
  const int64_t count = scope.rows.global * logits.size(2) * logits.size(3);
  if (kind == PatchLoss::kLeastSquares) return scope.Mean((logits - label).square(), count);
  // log(1 + e^-x) of label 1, log(1 + e^x) of label 0.
  const auto wrong = logits * (1 - 2 * label);
  return scope.Mean(wrong.clamp_min(0) + (-logits.abs()).exp().log1p(), count);
}

torch::Tensor MeanAbsoluteDifference(const torch::Tensor& a, const torch::Tensor& b,
                                     const BatchScope& scope) {
  const FullPrecision full;
  return scope.Mean((Exact(a) - Exact(b)).abs(), scope.rows.global * a[0].numel());
}

}  // namespace helio::losses
