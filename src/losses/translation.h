#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

// Losses of image-to-image translation (CycleGAN, Zhu et al., ICCV 2017). Each is this rank's part of a mean
// over the global batch.
namespace helio::losses {

// How the logit of a patch is compared with its label.
enum class PatchLoss {
  kLeastSquares,  // least squares (LSGAN, Mao et al., arXiv:1611.04076): the published default
  kCrossEntropy,  // binary cross-entropy with logits ("vanilla")
};

// PatchGAN's adversarial loss (Isola et al., arXiv:1611.07004): the mean over all patches of logits {b, 1, h,
// w} against one label (1 real, 0 fake). NaN stays NaN.
torch::Tensor PatchGanLoss(const torch::Tensor& logits, double label, PatchLoss kind,
                           const BatchScope& scope);

// Mean absolute difference (L1) of pictures {b, c, h, w}.
torch::Tensor MeanAbsoluteDifference(const torch::Tensor& a, const torch::Tensor& b, const BatchScope& scope);

}  // namespace helio::losses
