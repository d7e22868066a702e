#pragma once
#include "src/base/adam_options.h"
#include "src/base/tensor.h"

// The arithmetic of FlatAdam (flat_adam.h), over the same n elements of flat tensors.
namespace helio::cluster {

// {n} each, of one dtype: float32 or float64.
struct AdamTensors {
  torch::Tensor parameters, gradients, exp_avg, exp_avg_sq;
  torch::Tensor average = {};  // undefined: none is kept. On the host only
};

struct HostStep {
  int64_t step = 1;  // this one's number, from 1
  double learning_rate = 0;
  double gradient_factor = 1;
};

// One update, in one pass with that of the average; bit-stable whatever the number of threads.
void UpdateOnHost(const AdamTensors& all, const AdamOptions& options, const HostStep& step);
// The same by torch's kernels; `step` {} int64 is this one's number. Where `usable` {} bool is false nothing
// changes.
void UpdateOnDevice(const AdamTensors& all, const AdamOptions& options, double learning_rate,
                    const torch::Tensor& step, const torch::Tensor& usable);

// average = decay * average + (1 - decay) * parameters; on a device only where `usable` {} bool is true.
void AverageOnHost(const torch::Tensor& average, const torch::Tensor& parameters, double decay);
void AverageOnDevice(const torch::Tensor& average, const torch::Tensor& parameters, double decay,
                     const torch::Tensor& usable);

}  // namespace helio::cluster
