#include "src/nn/batch_norm.h"

#include "src/base/error.h"
#include "src/base/precision.h"

namespace helio::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// {C} viewed so that it broadcasts over {N, C, ...}.
torch::Tensor PerChannel(const torch::Tensor& values, const torch::Tensor& like) {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[1] = -1;
  return values.view(shape);
}

std::vector<int64_t> AllButChannels(const torch::Tensor& input) {
  std::vector<int64_t> dimensions{0};
  for (int64_t i = 2; i < input.dim(); ++i) dimensions.push_back(i);
  return dimensions;
}

torch::Tensor ChannelSums(const torch::Tensor& input) {
  return input.numel() == 0 ? torch::zeros({input.size(1)}, input.options().dtype(torch::kFloat64))
                            : input.sum(AllButChannels(input)).to(torch::kFloat64);
}

// A gradient in the memory format of what it is the gradient of: torch's CPU kernel walks over a pair of
// unlike formats one element at a time, on one thread.
torch::Tensor InFormatOf(const torch::Tensor& input, const torch::Tensor& gradient) {
  return gradient.contiguous(input.suggest_memory_format());
}

struct Moments {
  torch::Tensor mean, variance;  // {C} float64
  torch::Tensor count;           // {} float64: the host never asks for it
};

constexpr int64_t kRowsAtOnce = 2048;

// torch's CPU kernel adds a channels-last map's positions one after the other in float32: over 2^16 positions
// and more the variance is off by 1e-4. Such maps are cut into pieces whose moments are added in float64.
bool NeedsPieces(const torch::Tensor& input) {
  return input.device().is_cpu() && input.dim() == 4 && input.scalar_type() == torch::kFloat32 &&
         input.numel() > kRowsAtOnce * input.size(1) && !input.is_contiguous() &&
         input.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

std::vector<torch::Tensor> Pieces(const torch::Tensor& input) {
  if (!NeedsPieces(input)) return {input};
  auto pieces = input.permute({0, 2, 3, 1}).reshape({-1, input.size(1)}).split(kRowsAtOnce);
  for (auto& piece : pieces) piece = piece.t().unsqueeze(0).unsqueeze(-1);  // {1, C, rows, 1}, channels-last
  return pieces;
}

// {2 C + 1} float64: the sums over rows and positions of x and of x^2, and their number. The moments of a
// piece come from torch's own kernel; the square of its mean, added in float64, loses nothing that float32
// inputs had.
torch::Tensor LocalSums(const torch::Tensor& input) {
  const int64_t channels = input.size(1);
  auto sums = torch::zeros({2 * channels + 1}, input.options().dtype(torch::kFloat64));
  if (input.numel() == 0) return sums;
  for (const auto& piece : Pieces(input)) {
    const double count = static_cast<double>(piece.numel() / channels);
    const auto [mean, variance] = at::batch_norm_update_stats(piece, {}, {}, 0);
    const auto mean64 = mean.to(torch::kFloat64);
    sums.narrow(0, 0, channels).add_(mean64, count);
    sums.narrow(0, channels, channels).add_(variance.to(torch::kFloat64) + mean64.square(), count);
    sums[2 * channels] += count;
  }
  return sums;
}

// `batch`, if any, adds the other ranks' rows: one message.
Moments MomentsOf(const torch::Tensor& input, GlobalBatch* batch) {
  const int64_t channels = input.size(1);
  const auto sums = LocalSums(input);
  if (batch) batch->Sum(sums);
  Moments moments;
  moments.count = sums[2 * channels];
  moments.mean = sums.narrow(0, 0, channels) / moments.count;
  moments.variance =
      (sums.narrow(0, channels, channels) / moments.count - moments.mean.square()).clamp_min(0);
  return moments;
}

// {2 C} float64: the sums over rows and positions of dy and of dy * xhat, which are the gradients of bias and
// weight. On the CPU by torch's own kernel, piece by piece.
torch::Tensor GradientSums(const torch::Tensor& dy, const torch::Tensor& input, const torch::Tensor& mean,
                           const torch::Tensor& scale) {
  if (input.numel() == 0 || !input.device().is_cpu()) {
    const auto centred = input - PerChannel(mean.to(input.dtype()), input);
    return torch::cat({ChannelSums(dy), ChannelSums(dy * centred) * scale});
  }
  auto sums = torch::zeros({2, input.size(1)}, input.options().dtype(torch::kFloat64));
  const auto dys = Pieces(dy), inputs = Pieces(input);
  for (size_t i = 0; i < dys.size(); ++i) {
    const auto [unused, of_weight, of_bias] =
        at::native_batch_norm_backward(dys[i], inputs[i], {}, {}, {}, mean.to(dy.dtype()),
                                       scale.to(dy.dtype()), /*train=*/true, /*eps=*/0, {false, true, true});
    sums[0] += of_bias;
    sums[1] += of_weight;
  }
  return sums.view(-1);
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
    return {InputGradient(dy, input, sums, saved).to(saved[0].dtype()), own[1], own[0], {}, {}, {}, {}, {}};
  }

 private:
  // dx = weight * scale * (dy - mean(dy) - xhat * mean(dy * xhat)), xhat = (x - mean) * scale, with means
  // over the global batch (Ioffe and Szegedy, arXiv:1502.03167, section 3), as factor * dy + slope * x +
  // rest: two passes over the map. `sums`: of the global batch.
  static torch::Tensor InputGradient(const torch::Tensor& dy, const torch::Tensor& input,
                                     const torch::Tensor& sums, const variable_list& saved) {
    const auto &mean = saved[2], &scale = saved[3], &count = saved[4];
    const auto factor = saved[1].to(torch::kFloat64) * scale;
    const auto means = sums.view({2, -1}) / count;
    const auto slope = -factor * scale * means[1];
    const auto rest = -factor * means[0] - slope * mean;
    const auto per_channel = [&](const torch::Tensor& values) {
      return PerChannel(values.to(dy.dtype()), dy);
    };
    return torch::addcmul(per_channel(rest), input, per_channel(slope)).addcmul_(dy, per_channel(factor));
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
    if (output.requires_grad())
      output.register_hook([format = input.suggest_memory_format()](const torch::Tensor& gradient) {
        return gradient.contiguous(format);
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
