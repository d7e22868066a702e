#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

namespace helio::losses {

// Structured joint embedding (Reed et al., CVPR 2016, eq. 2-3, as published): for each own row i of `rows`,
// the hinges max(0, 1 + rows_i . others_j - rows_i . others_i) over all other rows j of the global batch's
// `others`; their sum over the batch, divided by the square of its rows. Both {b, D}; row i of one belongs to
// row i of the other, and to no other row. Differentiable in both. Collective.
torch::Tensor JointEmbedding(const torch::Tensor& rows, const torch::Tensor& others, const BatchScope& scope);

}  // namespace helio::losses
