#include "src/nn/batch_norm.h"

#include "src/base/error.h"
#include "src/base/precision.h"
#include "src/nn/channel_sums.h"

namespace helio::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Moments {
  torch::Tensor mean, variance;  // {C} float64
  torch::Tensor count;           // {} float64: the host never asks for it
};

// `batch`, if any, adds the other ranks' rows: one message.
Moments MomentsOf(const torch::Tensor& input, GlobalBatch* batch) {
  const int64_t channels = input.size(1);
  const auto sums = MomentSums(input);
  if (batch) batch->Sum(sums);
  Moments moments;
  moments.count = sums[2 * channels];
  moments.mean = sums.narrow(0, 0, channels) / moments.count;
  moments.variance =
      (sums.narrow(0, channels, channels) / moments.count - moments.mean.square()).clamp_min(0);
  return moments;
}

class GlobalBatchNorm : public torch::autograd::Function<GlobalBatchNorm> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               const torch::Tensor& mean, const torch::Tensor& variance,
                               const torch::Tensor& count, double epsilon, GlobalBatch* batch) {
    context->save_for_backward({input, weight, mean, (variance + epsilon).rsqrt(), count});
    context->saved_data["batch"] = reinterpret_cast<int64_t>(batch);
    return torch::batch_norm(input, weight, bias, mean.to(weight.dtype()), variance.to(weight.dtype()), false,
                             0, epsilon, false);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    if (at::GradMode::is_enabled())
      ThrowUser("has no second derivative", "batch norm over several ranks",
                "a gradient penalty needs networks without it, or --batch_norm=local");
    const auto saved = context->get_saved_variables();
    const auto &weight = saved[1], &mean = saved[2], &scale = saved[3];
    const auto input = Exact(saved[0]), dy = InFormatOf(input, Exact(gradients[0]));
    auto* batch = reinterpret_cast<GlobalBatch*>(context->saved_data["batch"].toInt());
    const auto sums = GradientSums(dy, input, mean, scale);
    const auto own = sums.to(weight.dtype(), /*non_blocking=*/false, /*copy=*/true).chunk(2);
    if (batch) batch->Sum(sums);
    const auto means = sums.view({2, -1}) / saved[4];
    const auto dx =
        NormalisedGradient(dy, input, {weight.to(torch::kFloat64), mean, scale, means[0], means[1]});
    return {dx.to(saved[0].dtype()), own[1], own[0], {}, {}, {}, {}, {}};
  }
};

}  // namespace

BatchNormImpl::BatchNormImpl(int64_t channels, double epsilon, double momentum)
    : epsilon_(epsilon), momentum_(momentum) {
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, torch::kInt64));
}

void BatchNormImpl::set_cumulative(bool cumulative) {
  cumulative_ = cumulative;
  cumulated_ = 0;
}

double BatchNormImpl::Momentum() { return cumulative_ ? 1.0 / static_cast<double>(++cumulated_) : momentum_; }

torch::Tensor BatchNormImpl::forward(const torch::Tensor& input) {
  if (!is_training())
    return torch::batch_norm(input, weight, bias, running_mean, running_var, false, 0, epsilon_, false);
  num_batches_tracked += 1;
  const double momentum = Momentum();
  GlobalBatch* others = batch_ != nullptr && batch_->ranks() > 1 ? batch_ : nullptr;
  if (!others && !NeedsPieces(input)) {
    auto output =
        torch::batch_norm(input, weight, bias, running_mean, running_var, true, momentum, epsilon_, false);
    if (output.requires_grad() && output.is_cpu())
      output.register_hook([format = input.suggest_memory_format()](const torch::Tensor& gradient) {
        return gradient.contiguous(format);  // as InFormatOf
      });
    return output;
  }
  Moments moments;
  {
    torch::NoGradGuard no_grad;
    moments = MomentsOf(Exact(input.detach()), others);
    const auto unbiased = moments.variance * (moments.count / (moments.count - 1).clamp_min(1));
    // .data(): torch's own kernel, which another call of this module may have used, keeps the running
    // statistics for its backward without reading them; their version must not move.
    running_mean.data().lerp_(moments.mean.to(running_mean.dtype()), momentum);
    running_var.data().lerp_(unbiased.to(running_var.dtype()), momentum);
  }
  return GlobalBatchNorm::apply(input, weight, bias, moments.mean, moments.variance, moments.count, epsilon_,
                                others);
}

torch::Tensor BatchNormImpl::ForwardParts(const torch::Tensor& input, at::IntArrayRef rows) {
  if (rows.size() == 1) return forward(input);
  auto parts = input.split_with_sizes(rows);
  for (auto& part : parts) part = forward(part);
  return torch::cat(parts);
}

torch::Tensor BatchNormImpl::ForwardTimes(const torch::Tensor& input, int64_t times) {
  if (!is_training() || times == 1) return forward(input);
  CHECK(!cumulative_);
  const double once = momentum_;
  momentum_ = 1 - std::pow(1 - once, static_cast<double>(times));
  const auto output = forward(input);
  momentum_ = once;
  num_batches_tracked += times - 1;
  return output;
}

void UseGlobalBatch(torch::nn::Module& root, GlobalBatch* batch) {
  root.apply([batch](torch::nn::Module& module) {
    if (auto* norm = module.as<BatchNormImpl>()) norm->set_global_batch(batch);
  });
}

void SetCumulativeStatistics(torch::nn::Module& root, bool cumulative) {
  root.apply([cumulative](torch::nn::Module& module) {
    if (auto* norm = module.as<BatchNormImpl>()) norm->set_cumulative(cumulative);
  });
}

}  // namespace helio::nn
