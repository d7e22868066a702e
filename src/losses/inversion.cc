#include "src/losses/inversion.h"

#include "src/base/precision.h"

namespace helio::losses {

torch::Tensor EuclideanLoss(const torch::Tensor& a, const torch::Tensor& b, const BatchScope& scope) {
  const FullPrecision full;
  return scope.Mean((Exact(a) - Exact(b)).square().flatten(1).sum(1), 2 * scope.rows.global);
}

torch::Tensor CrossEntropy(const torch::Tensor& of, int64_t label, const BatchScope& scope) {
  const FullPrecision full;
  const auto logits = Exact(of);
  const auto labels = torch::full({logits.size(0)}, label, logits.options().dtype(torch::kInt64));
  const auto per_row = torch::cross_entropy_loss(logits, labels, {}, at::Reduction::None);
  return scope.Mean(per_row, scope.rows.global);
}

torch::Tensor TotalVariance(const torch::Tensor& values, const BatchScope& scope) {
  const torch::NoGradGuard no_grad;
  const auto rows = static_cast<double>(scope.rows.global);
  const auto exact = values.to(torch::kFloat64).flatten(1);
  auto mean = exact.sum(0) / rows;
  scope.batch.Sum(mean);
  auto variance = (exact - mean).square().sum() / rows;
  scope.batch.Sum(variance);
  return variance;
}

}  // namespace helio::losses
