#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

// Losses of image-to-image translation (CycleGAN, Zhu et al., ICCV 2017). Each is this rank's part of a mean
// over the global batch.
namespace helio::losses {

// What a patch's judgement is compared with its label by.
enum class PatchLoss {
  kSquares,       // least squares (LSGAN, Mao et al., arXiv:1611.04076): the published default
  kCrossEntropy,  // binary cross-entropy with logits ("vanilla")
};

// Mean over the patches of logits {b, 1, h, w} against one label (1 real, 0 fake). What is no number stays
// none.
torch::Tensor PatchesAgainst(const torch::Tensor& logits, double label, PatchLoss kind,
                             const BatchScope& scope);

// Mean absolute difference of pictures {b, c, h, w}.
torch::Tensor MeanDistance(const torch::Tensor& a, const torch::Tensor& b, const BatchScope& scope);

}  // namespace helio::losses
