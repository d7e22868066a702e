#pragma once
#include <utility>
#include <vector>

#include "src/losses/loss_terms.h"

namespace helio::losses {

// The mean colour {b, 3} and the covariance of the pixels' colours {b, 3, 3} of each picture {b, 3, h, w}.
std::pair<torch::Tensor, torch::Tensor> ColourStatistics(const torch::Tensor& images);

// Colour consistency of a tree's scales (StackGAN++ eq. 8): for the two finest pairs of neighbours the mean
// square distance of means, and five times that of covariances, to the coarser picture, which takes no
// gradient. `images` smallest first. Terms like_mu2, like_cov2 are the finest pair's, like_mu1, like_cov1 the
// next one's; without weight.
LossTerms ColourConsistency(const std::vector<torch::Tensor>& images, const BatchScope& scope);

}  // namespace helio::losses
