#include "src/losses/kl.h"

#include "src/base/precision.h"

namespace helio::losses {

torch::Tensor KlLoss(const torch::Tensor& of_mean, const torch::Tensor& of_logvar, const BatchScope& scope) {
  const FullPrecision full;
  const auto mean = Exact(of_mean), logvar = Exact(of_logvar);
  const auto per_entry = -0.5 * (1 + logvar - mean.square() - logvar.exp());
  return scope.Mean(per_entry, scope.rows.global * mean.size(1));
}

}  // namespace helio::losses
