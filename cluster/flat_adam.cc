#include "cluster/flat_adam.h"

#include <algorithm>

#include "cluster/adam_kernels.h"

namespace helio::cluster {

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
  const auto part = [&](const torch::Tensor& flat) { return flat.slice(0, range.begin, range.end); };
  const auto own = [&](const torch::Tensor& flat) {
    return flat.slice(0, range.begin - begin_, range.end - begin_);
  };
  UpdateOnHost({.parameters = part(group_.parameters()),
                .gradients = part(group_.gradients()),
                .exp_avg = own(exp_avg_),
                .exp_avg_sq = own(exp_avg_sq_),
                .average = whole() && has_average() ? part(average_) : torch::Tensor()},
               options_, {.step = steps(), .learning_rate = learning_rate, .gradient_factor = range.factor});
}

void FlatAdam::StepOnDevice(double learning_rate, const GradientScale& scale, const torch::Tensor& usable) {
  ScaleGradients(group_, scale);
  step_ += usable;
  UpdateOnDevice({.parameters = group_.parameters().slice(0, begin_, end_),
                  .gradients = group_.gradients().slice(0, begin_, end_),
                  .exp_avg = exp_avg_,
                  .exp_avg_sq = exp_avg_sq_},
                 options_, learning_rate, step_, usable);
  if (whole() && has_average()) AverageOnDevice(average_, group_.parameters(), options_.ema_decay, usable);
}

void FlatAdam::StepAverage(torch::Tensor usable) {
  if (whole() || !has_average()) return;
  torch::NoGradGuard no_grad;
  if (!usable.defined()) usable = True();
  const auto& parameters = group_.parameters();
  if (!on_host()) return AverageOnDevice(average_, parameters, options_.ema_decay, usable);
  if (!usable.item<bool>()) return;
  AverageOnHost(average_, parameters, options_.ema_decay);
}

void FlatAdam::ResetMoments() {
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
