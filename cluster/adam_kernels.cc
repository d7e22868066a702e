#include "cluster/adam_kernels.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <vector>

namespace helio::cluster {
namespace {

constexpr int64_t kGrain = 1 << 15;

struct Coefficients {
  double beta1, beta2, epsilon, step_size, root_correction2, decay, gradient;
};

Coefficients CoefficientsOf(const AdamOptions& options, const HostStep& step) {
  using Rule = AdamOptions::Rule;
  const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(step.step));
  const double correction2 =
      options.rule == Rule::kRmsProp ? 1 : 1 - std::pow(options.beta2, static_cast<double>(step.step));
  const double epsilon = options.epsilon / (options.rule == Rule::kTorch7 ? std::sqrt(correction2) : 1);
  return {.beta1 = options.beta1,
          .beta2 = options.beta2,
          .epsilon = epsilon,
          .step_size = step.learning_rate / correction1,
          .root_correction2 = std::sqrt(correction2),
          .decay = options.ema_decay,
          .gradient = step.gradient_factor};
}

// Vectorised, because everything is compiled with -fno-math-errno (scripts/cmake/Targets.cmake).
template <typename T, bool kAverage>
void Update(T* parameter, const T* gradient, T* exp_avg, T* exp_avg_sq, T* average, int64_t count,
            const Coefficients& c) {
  const T beta1 = T(c.beta1), rest1 = T(1 - c.beta1), beta2 = T(c.beta2), rest2 = T(1 - c.beta2);
  const T epsilon = T(c.epsilon), step_size = T(c.step_size), root = T(c.root_correction2);
  const T decay = T(c.decay), rest = T(1 - c.decay), factor = T(c.gradient);
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    const T g = gradient[i] * factor;
    exp_avg[i] = exp_avg[i] * beta1 + g * rest1;
    exp_avg_sq[i] = exp_avg_sq[i] * beta2 + g * g * rest2;
    parameter[i] -= step_size * (exp_avg[i] / (std::sqrt(exp_avg_sq[i]) / root + epsilon));
    if constexpr (kAverage) average[i] = average[i] * decay + parameter[i] * rest;
  }
}

template <typename T>
void UpdateAll(const AdamTensors& all, const Coefficients& c) {
  auto* p = all.parameters.mutable_data_ptr<T>();
  const auto* g = all.gradients.const_data_ptr<T>();
  auto *m = all.exp_avg.mutable_data_ptr<T>(), *v = all.exp_avg_sq.mutable_data_ptr<T>();
  T* a = all.average.defined() ? all.average.mutable_data_ptr<T>() : nullptr;
  at::parallel_for(0, all.parameters.numel(), kGrain, [&](int64_t first, int64_t last) {
    if (a)
      Update<T, true>(p + first, g + first, m + first, v + first, a + first, last - first, c);
    else
      Update<T, false>(p + first, g + first, m + first, v + first, nullptr, last - first, c);
  });
}

template <typename T>
void AverageAll(const torch::Tensor& average, const torch::Tensor& parameters, double decay_factor) {
  const T decay = T(decay_factor), rest = T(1 - decay_factor);
  auto* a = average.mutable_data_ptr<T>();
  const auto* p = parameters.const_data_ptr<T>();
  at::parallel_for(0, parameters.numel(), kGrain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) a[i] = a[i] * decay + p[i] * rest;
  });
}

// torch's kernel, which leaves everything as it is where it is told that something is not finite.
void UpdateFused(const AdamTensors& all, const AdamOptions& options, double learning_rate,
                 const torch::Tensor& step, const torch::Tensor& usable) {
  using List = std::vector<torch::Tensor>;
  List parameters{all.parameters}, exp_avg{all.exp_avg}, exp_avg_sq{all.exp_avg_sq}, none;
  at::_fused_adam_(parameters, List{all.gradients}, exp_avg, exp_avg_sq, none, List{step.to(torch::kFloat32)},
                   learning_rate, options.beta1, options.beta2,
                   /*weight_decay=*/0, options.epsilon, /*amsgrad=*/false, /*maximize=*/false,
                   /*grad_scale=*/{}, usable.logical_not().to(torch::kFloat32));
}

// The other rules.
void UpdateByRule(const AdamTensors& all, const AdamOptions& options, double learning_rate,
                  const torch::Tensor& step, const torch::Tensor& usable) {
  using Rule = AdamOptions::Rule;
  const auto dtype = all.parameters.scalar_type();
  const auto correction = [&](double beta) { return 1 - torch::pow(beta, step.to(torch::kFloat64)); };
  const auto root = options.rule == Rule::kRmsProp ? torch::ones_like(step, torch::kFloat64)
                                                   : correction(options.beta2).sqrt();
  const auto epsilon =
      options.rule == Rule::kTorch7 ? options.epsilon / root : options.epsilon * torch::ones_like(root);
  const auto exp_avg = all.exp_avg * options.beta1 + all.gradients * (1 - options.beta1);
  const auto exp_avg_sq = all.exp_avg_sq * options.beta2 + all.gradients.square() * (1 - options.beta2);
  const auto scaled = exp_avg / (exp_avg_sq.sqrt() / root.to(dtype) + epsilon.to(dtype));
  const auto parameters = all.parameters - scaled * (learning_rate / correction(options.beta1)).to(dtype);
  const auto set = [&](torch::Tensor old, const torch::Tensor& value) {
    old.copy_(torch::where(usable, value, old));
  };
  set(all.exp_avg, exp_avg);
  set(all.exp_avg_sq, exp_avg_sq);
  set(all.parameters, parameters);
}

}  // namespace

void UpdateOnHost(const AdamTensors& all, const AdamOptions& options, const HostStep& step) {
  const auto coefficients = CoefficientsOf(options, step);
  if (all.parameters.scalar_type() == torch::kFloat64)
    UpdateAll<double>(all, coefficients);
  else
    UpdateAll<float>(all, coefficients);
}

void UpdateOnDevice(const AdamTensors& all, const AdamOptions& options, double learning_rate,
                    const torch::Tensor& step, const torch::Tensor& usable) {
  if (options.rule == AdamOptions::Rule::kCorrected)
    UpdateFused(all, options, learning_rate, step, usable);
  else
    UpdateByRule(all, options, learning_rate, step, usable);
}

void AverageOnHost(const torch::Tensor& average, const torch::Tensor& parameters, double decay) {
  if (parameters.scalar_type() == torch::kFloat64)
    AverageAll<double>(average, parameters, decay);
  else
    AverageAll<float>(average, parameters, decay);
}

void AverageOnDevice(const torch::Tensor& average, const torch::Tensor& parameters, double decay,
                     const torch::Tensor& usable) {
  average.lerp_(parameters, usable.to(average.scalar_type()).mul_(1 - decay));
}

}  // namespace helio::cluster
