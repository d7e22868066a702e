#pragma once
#include "cluster/parameter_group.h"
#include "src/base/adam_options.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// Adam (Kingma and Ba, arXiv:1412.6980, algorithm 1) over a group's flat buffers, with the formula and
// rounding order of torch::optim::Adam (or another AdamOptions::Rule), together with the moving average (on
// the CPU in one pass) average = decay * average + (1 - decay) * parameter, and with the gradient's scaling
// and clipping. Bit-stable: results do not depend on the number of threads. CPU float32 and float64; on
// devices torch's kernels, whose rounding differs in the last bit. Holds a reference to the group. Not
// thread-safe, not collective.
class FlatAdam {
 public:
  FlatAdam(ParameterGroup& group, const AdamOptions& options);

  // Only elements [begin, end) have moments and are stepped: one rank's shard. The moving average stays whole
  // on every rank, so that rank 0 alone can draw and save with it.
  FlatAdam(ParameterGroup& group, const AdamOptions& options, int64_t begin, int64_t end);

  // One update from the group's gradients times their scale; of a whole group also of the moving average.
  // `usable` {} bool on the group's device (undefined: true): where it is false nothing changes, step count
  // included. The host reads it on a CPU only. On devices the gradients are scaled in place.
  void Step(double learning_rate, const GradientScale& scale = {}, torch::Tensor usable = {});
  // A shard's moving average, once the parameters are whole again (sharding.h). Nothing for a whole group,
  // nor where `usable` is false.
  void StepAverage(torch::Tensor usable = {});

  // Moments and step count begin at zero again. The moving average stays.
  void ResetMoments();

  int64_t steps() const;  // reads the device
  void SetSteps(int64_t steps) { step_.fill_(steps); }
  bool has_average() const { return average_.defined(); }

  // For checkpoints: "step" int64 {}, then MomentsByName: views that CopyState may write. Whole-group
  // optimizers only.
  NamedTensors State() const;
  // The moving average under the parameters' names: views. Empty without one.
  NamedTensors Average() const;
  // Sets the average to the parameters (after weights were loaded without one).
  void ResetAverage();
  // Sets the parameters to the average.
  void AdoptAverage();
  // Exchanges the content of parameters and average: once before an evaluation, once after it.
  void SwapAverage();

  // The flat moments {end - begin}, for sharded checkpoints.
  const torch::Tensor& flat_exp_avg() const { return exp_avg_; }
  const torch::Tensor& flat_exp_avg_sq() const { return exp_avg_sq_; }

 private:
  void StepOnHost(double learning_rate, const GradientScale& scale);
  void StepRange(const ScaledRange& range, double learning_rate);
  void StepOnDevice(double learning_rate, const GradientScale& scale, const torch::Tensor& usable);
  torch::Tensor True() const;
  bool on_host() const { return group_.parameters().is_cpu(); }
  bool whole() const { return begin_ == 0 && end_ == group_.size(); }

  ParameterGroup& group_;
  AdamOptions options_;
  int64_t begin_, end_;
  torch::Tensor step_;  // int64 {}, on the group's device
  torch::Tensor exp_avg_, exp_avg_sq_, average_;
};

// The moments' names in a checkpoint begin with these.
inline constexpr char kFirstMoment[] = "exp_avg.";
inline constexpr char kSecondMoment[] = "exp_avg_sq.";

// A whole group's flat moments {group.size()} by name: "exp_avg.<name>" of all parameters, then
// "exp_avg_sq.<name>". Views.
NamedTensors MomentsByName(const ParameterGroup& group, const torch::Tensor& exp_avg,
                           const torch::Tensor& exp_avg_sq);

}  // namespace helio::cluster
