#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

namespace helio::losses {

// KL(N(mean, exp(logvar)) || N(0, 1)) of conditioning augmentation, averaged over rows *and* dimensions as
// published (the papers sum over dimensions). mean, logvar {b, c}.
torch::Tensor KlLoss(const torch::Tensor& mean, const torch::Tensor& logvar, const BatchScope& scope);

}  // namespace helio::losses
