#include "src/losses/kl.h"

namespace helio::losses {

torch::Tensor KlLoss(const torch::Tensor& mean, const torch::Tensor& logvar, const BatchScope& scope) {
  const auto per_entry = -0.5 * (1 + logvar - mean.square() - logvar.exp());
  return scope.Mean(per_entry, scope.rows.global * mean.size(1));
}

}  // namespace helio::losses
