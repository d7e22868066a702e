#pragma once
#include "src/base/global_batch.h"
#include "src/nn/module.h"

namespace helio::nn {

// Batch normalisation over {N, C} or {N, C, H, W} with the published names (weight, bias, running_mean,
// running_var, num_batches_tracked), momentum 0.1. In training its statistics are those of the *global* batch
// when a GlobalBatch of several ranks is set (UseGlobalBatch): one small float64 message forward, one
// backward; uneven and even zero local rows are fine. Alone it is torch's own kernel (in pieces where that
// would be imprecise). Keeps channels-last. Running variance is the unbiased one, as torch's.
class BatchNormImpl : public torch::nn::Module {
 public:
  explicit BatchNormImpl(int64_t channels, double epsilon = 1e-5, double momentum = 0.1);
  torch::Tensor forward(const torch::Tensor& input);
  // Several batches, one below the other in `input`, `rows` of each: each gets what it would get alone, in
  // this order.
  torch::Tensor ForwardParts(const torch::Tensor& input, at::IntArrayRef rows);
  // As if it had been called `times` on this input: the output is computed once, running statistics move so
  // often. Not while they are cumulative.
  torch::Tensor ForwardTimes(const torch::Tensor& input, int64_t times);

  void set_global_batch(GlobalBatch* batch) { batch_ = batch; }
  // Cumulative: running statistics become the plain average over the training batches seen from now on.
  void set_cumulative(bool cumulative);
  double epsilon() const { return epsilon_; }

  torch::Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 private:
  double Momentum();

  const double epsilon_;
  double momentum_;
  bool cumulative_ = false;
  int64_t cumulated_ = 0;
  GlobalBatch* batch_ = nullptr;
};
TORCH_MODULE(BatchNorm);

// Sets the GlobalBatch of every BatchNorm below `root`. nullptr: statistics of the local rows. `batch` must
// outlive their use.
void UseGlobalBatch(torch::nn::Module& root, GlobalBatch* batch);

// Puts every BatchNorm below `root` into (or out of) cumulative mode.
void SetCumulativeStatistics(torch::nn::Module& root, bool cumulative);

}  // namespace helio::nn
