#include "cluster/flat_adam.h"

#include <ATen/Parallel.h>

#include <cmath>

namespace helio::cluster {
namespace {

constexpr int64_t kGrain = 1 << 15;

struct Coefficients {
  double beta1, beta2, epsilon, step_size, root_correction2, decay, gradient;
};

Coefficients CoefficientsAt(const AdamOptions& options, int64_t step, double learning_rate,
                            double gradient_factor) {
  using Rule = AdamOptions::Rule;
  const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(step));
  const double correction2 =
      options.rule == Rule::kRmsProp ? 1 : 1 - std::pow(options.beta2, static_cast<double>(step));
  const double epsilon = options.epsilon / (options.rule == Rule::kTorch7 ? std::sqrt(correction2) : 1);
  return {options.beta1,          options.beta2,     epsilon,        learning_rate / correction1,
          std::sqrt(correction2), options.ema_decay, gradient_factor};
}

// Vectorised, because the house is compiled without errno of mathematical functions (Targets.cmake).
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
void UpdateAll(torch::Tensor parameters, const torch::Tensor& gradients, torch::Tensor exp_avg,
               torch::Tensor exp_avg_sq, torch::Tensor average, const Coefficients& c) {
  auto* p = parameters.mutable_data_ptr<T>();
  const auto* g = gradients.const_data_ptr<T>();
  auto *m = exp_avg.mutable_data_ptr<T>(), *v = exp_avg_sq.mutable_data_ptr<T>();
  T* a = average.defined() ? average.mutable_data_ptr<T>() : nullptr;
  at::parallel_for(0, parameters.numel(), kGrain, [&](int64_t first, int64_t last) {
    if (a)
      Update<T, true>(p + first, g + first, m + first, v + first, a + first, last - first, c);
    else
      Update<T, false>(p + first, g + first, m + first, v + first, nullptr, last - first, c);
  });
}

template <typename T>
void AverageOnHost(torch::Tensor average, const torch::Tensor& parameters, double decay_factor) {
  const T decay = T(decay_factor), rest = T(1 - decay_factor);
  auto* a = average.mutable_data_ptr<T>();
  const auto* p = parameters.const_data_ptr<T>();
  at::parallel_for(0, parameters.numel(), kGrain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) a[i] = a[i] * decay + p[i] * rest;
  });
}

// Where `usable` is false, the average stays.
void AverageOnDevice(torch::Tensor average, const torch::Tensor& parameters, double decay,
                     const torch::Tensor& usable) {
  average.lerp_(parameters, usable.to(average.scalar_type()).mul_(1 - decay));
}

// What a step on a device reads and writes.
struct StepState {
  torch::Tensor parameters, gradients, exp_avg, exp_avg_sq, step, usable;
};

// torch's kernel, which leaves everything as it is where it is told that something is not finite.
void UpdateFused(const StepState& state, const AdamOptions& options, double learning_rate) {
  using List = std::vector<torch::Tensor>;
  List parameters{state.parameters}, exp_avg{state.exp_avg}, exp_avg_sq{state.exp_avg_sq}, none;
  at::_fused_adam_(parameters, List{state.gradients}, exp_avg, exp_avg_sq, none,
                   List{state.step.to(torch::kFloat32)}, learning_rate, options.beta1, options.beta2,
                   /*weight_decay=*/0, options.epsilon, /*amsgrad=*/false, /*maximize=*/false,
                   /*grad_scale=*/{}, state.usable.logical_not().to(torch::kFloat32));
}

// The other rules.
void UpdateByRule(const StepState& state, const AdamOptions& options, double learning_rate) {
  using Rule = AdamOptions::Rule;
  const auto dtype = state.parameters.scalar_type();
  const auto correction = [&](double beta) { return 1 - torch::pow(beta, state.step.to(torch::kFloat64)); };
  const auto root = options.rule == Rule::kRmsProp ? torch::ones_like(state.step, torch::kFloat64)
                                                   : correction(options.beta2).sqrt();
  const auto epsilon =
      options.rule == Rule::kTorch7 ? options.epsilon / root : options.epsilon * torch::ones_like(root);
  const auto exp_avg = state.exp_avg * options.beta1 + state.gradients * (1 - options.beta1);
  const auto exp_avg_sq = state.exp_avg_sq * options.beta2 + state.gradients.square() * (1 - options.beta2);
  const auto scaled = exp_avg / (exp_avg_sq.sqrt() / root.to(dtype) + epsilon.to(dtype));
  const auto parameters = state.parameters - scaled * (learning_rate / correction(options.beta1)).to(dtype);
  const auto set = [&](torch::Tensor old, const torch::Tensor& value) {
    old.copy_(torch::where(state.usable, value, old));
  };
  set(state.exp_avg, exp_avg);
  set(state.exp_avg_sq, exp_avg_sq);
  set(state.parameters, parameters);
}

}  // namespace

FlatAdam::FlatAdam(ParameterGroup& group, const AdamOptions& options)
    : FlatAdam(group, options, 0, group.size()) {}

FlatAdam::FlatAdam(ParameterGroup& group, const AdamOptions& options, int64_t begin, int64_t end)
    : group_(group), options_(options), begin_(begin), end_(end) {
  CHECK(0 <= begin && begin <= end && end <= group.size());
  step_ = torch::zeros({}, group.parameters().options().dtype(torch::kInt64));
  exp_avg_ = torch::zeros({end - begin}, group.parameters().options());
  exp_avg_sq_ = torch::zeros_like(exp_avg_);
  if (options.ema_decay > 0) average_ = group.parameters().clone();
}

torch::Tensor FlatAdam::True() const {
  return torch::ones({}, group_.parameters().options().dtype(torch::kBool));
}

void FlatAdam::Step(double learning_rate, const GradientScale& scale, torch::Tensor usable) {
  torch::NoGradGuard no_grad;
  if (!usable.defined()) usable = True();
  if (!on_host()) return StepOnDevice(learning_rate, scale, usable);
  if (usable.item<bool>()) StepOnHost(learning_rate, scale);
}

void FlatAdam::StepOnHost(double learning_rate, const GradientScale& scale) {
  step_ += 1;
  for (const auto& range : GradientFactors(group_, scale))
    if (std::max(range.begin, begin_) < std::min(range.end, end_))
      StepRange({std::max(range.begin, begin_), std::min(range.end, end_), range.factor}, learning_rate);
}

void FlatAdam::StepRange(const ScaledRange& range, double learning_rate) {
  const auto c = CoefficientsAt(options_, steps(), learning_rate, range.factor);
  const auto part = [&](const torch::Tensor& flat) { return flat.slice(0, range.begin, range.end); };
  const auto own = [&](const torch::Tensor& flat) {
    return flat.slice(0, range.begin - begin_, range.end - begin_);
  };
  const auto parameters = part(group_.parameters()), gradients = part(group_.gradients());
  const auto average = whole() && has_average() ? part(average_) : torch::Tensor();
  if (parameters.scalar_type() == torch::kFloat64)
    UpdateAll<double>(parameters, gradients, own(exp_avg_), own(exp_avg_sq_), average, c);
  else
    UpdateAll<float>(parameters, gradients, own(exp_avg_), own(exp_avg_sq_), average, c);
}

void FlatAdam::StepOnDevice(double learning_rate, const GradientScale& scale, const torch::Tensor& usable) {
  ScaleGradients(group_, scale);
  step_ += usable;
  const StepState own{group_.parameters().slice(0, begin_, end_),
                      group_.gradients().slice(0, begin_, end_),
                      exp_avg_,
                      exp_avg_sq_,
                      step_,
                      usable};
  if (options_.rule == AdamOptions::Rule::kCorrected)
    UpdateFused(own, options_, learning_rate);
  else
    UpdateByRule(own, options_, learning_rate);
  if (whole() && has_average()) AverageOnDevice(average_, group_.parameters(), options_.ema_decay, usable);
}

void FlatAdam::StepAverage(torch::Tensor usable) {
  if (whole() || !has_average()) return;
  torch::NoGradGuard no_grad;
  if (!usable.defined()) usable = True();
  const auto& parameters = group_.parameters();
  if (!on_host()) return AverageOnDevice(average_, parameters, options_.ema_decay, usable);
  if (!usable.item<bool>()) return;
  if (parameters.scalar_type() == torch::kFloat64)
    AverageOnHost<double>(average_, parameters, options_.ema_decay);
  else
    AverageOnHost<float>(average_, parameters, options_.ema_decay);
}

void FlatAdam::Forget() {
  for (auto* state : {&step_, &exp_avg_, &exp_avg_sq_}) state->zero_();
}

int64_t FlatAdam::steps() const { return step_.item<int64_t>(); }

NamedTensors FlatAdam::State() const {
  NamedTensors state{{"step", step_}};
  for (auto& moment : MomentsByName(group_, exp_avg_, exp_avg_sq_)) state.push_back(std::move(moment));
  return state;
}

NamedTensors FlatAdam::Average() const { return has_average() ? group_.ViewsOf(average_) : NamedTensors{}; }

void FlatAdam::ResetAverage() {
  if (has_average()) average_.copy_(group_.parameters());
}

void FlatAdam::AdoptAverage() {
  if (!has_average()) return;
  torch::NoGradGuard no_grad;
  group_.parameters().copy_(average_);
}

void FlatAdam::SwapAverage() {
  if (!has_average()) return;
  torch::NoGradGuard no_grad;
  auto parameters = group_.parameters();
  const auto kept = parameters.clone();
  parameters.copy_(average_);
  average_.copy_(kept);
}

NamedTensors MomentsByName(const ParameterGroup& group, const torch::Tensor& exp_avg,
                           const torch::Tensor& exp_avg_sq) {
  NamedTensors moments;
  for (const auto& [name, view] : group.ViewsOf(exp_avg)) moments.emplace_back(kFirstMoment + name, view);
  for (const auto& [name, view] : group.ViewsOf(exp_avg_sq)) moments.emplace_back(kSecondMoment + name, view);
  return moments;
}

}  // namespace helio::cluster
