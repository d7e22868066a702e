#pragma once
#include "src/base/tensor.h"
#include "src/losses/loss_terms.h"

// Losses of a generator that inverts an encoder (Dosovitskiy and Brox, NIPS 2016). Each is this rank's part
// of a mean over the global batch.
namespace helio::losses {

// Sum of squared differences over 2 B: Caffe's Euclidean loss. a, b {b, ...}.
torch::Tensor EuclideanLoss(const torch::Tensor& a, const torch::Tensor& b, const BatchScope& scope);

// Cross-entropy of logits {b, 2}, of which the first is of a real picture and the second of a drawn one.
torch::Tensor CrossEntropy(const torch::Tensor& logits, int64_t label, const BatchScope& scope);

// Variance of the global batch's rows of `values` {b, ...}, summed over their entries: twice the
// EuclideanLoss of the best constant prediction. {} float64. Collective.
torch::Tensor TotalVariance(const torch::Tensor& values, const BatchScope& scope);

}  // namespace helio::losses
