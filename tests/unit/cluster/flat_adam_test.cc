#include "cluster/flat_adam.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/rmsprop.h>

#include "src/nn/module.h"

namespace helio::cluster {
namespace {

NamedTensors Parameters(torch::Dtype dtype) {
  torch::manual_seed(5);
  return {{"a", torch::randn({40, 7}, dtype).requires_grad_()},
          {"b", torch::randn({100'003}, dtype).requires_grad_()}};
}

void Fill(const std::vector<torch::Tensor>& targets, int step) {
  torch::manual_seed(100 + step);
  for (auto target : targets)
    target.mutable_grad() = target.grad().defined() ? target.grad() : torch::zeros_like(target);
  for (auto target : targets)
    target.mutable_grad().copy_(torch::randn(target.sizes(), target.options().requires_grad(false)) * 0.1);
}

std::vector<torch::Tensor> TensorsOf(const NamedTensors& named) {
  std::vector<torch::Tensor> tensors;
  for (const auto& one : named) tensors.push_back(one.second);
  return tensors;
}

// All values one after the other: a copy.
torch::Tensor Together(const NamedTensors& named) {
  std::vector<torch::Tensor> rows;
  for (const auto& tensor : TensorsOf(named)) rows.push_back(tensor.flatten());
  return torch::cat(rows);
}

// Against torch's own Adam, over steps with changing learning rates.
void MatchesTorch(torch::Dtype dtype, double tolerance) {
  auto ours = Parameters(dtype), theirs = Parameters(dtype);
  ParameterGroup group("g", ours);
  FlatAdam adam(group, {0.5, 0.999, 1e-8, 0.9});
  torch::optim::Adam reference(TensorsOf(theirs),
                               torch::optim::AdamOptions(2e-3).betas({0.5, 0.999}).eps(1e-8));
  auto average = theirs[1].second.detach().clone();
  for (int step = 0; step < 5; ++step) {
    const double rate = 2e-3 / (1 + step);
    Fill(TensorsOf(ours), step);
    Fill(TensorsOf(theirs), step);
    adam.Step(rate);
    static_cast<torch::optim::AdamOptions&>(reference.param_groups()[0].options()).lr(rate);
    reference.step();
    average = average * 0.9 + theirs[1].second.detach() * 0.1;
  }
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_LT((ours[i].second - theirs[i].second).abs().max().item<double>(), tolerance);
  EXPECT_LT((adam.Average()[1].second - average).abs().max().item<double>(), tolerance);
  EXPECT_EQ(adam.steps(), 5);
}

TEST(FlatAdamTest, IsTorchAdamInFloat32) { MatchesTorch(torch::kFloat32, 1e-6); }
TEST(FlatAdamTest, IsTorchAdamInFloat64) { MatchesTorch(torch::kFloat64, 1e-14); }

// Torch7's optim.adam is torch's with an epsilon that shrinks with the steps.
TEST(FlatAdamTest, Torch7AddsEpsilonBeforeTheCorrection) {
  auto ours = Parameters(torch::kFloat64), theirs = Parameters(torch::kFloat64);
  ParameterGroup group("g", ours);
  FlatAdam adam(group, {.beta1 = 0.5, .epsilon = 1e-2, .rule = AdamOptions::Rule::kTorch7});
  torch::optim::Adam reference(TensorsOf(theirs),
                               torch::optim::AdamOptions(2e-3).betas({0.5, 0.999}).eps(1e-2));
  for (int step = 1; step <= 5; ++step) {
    Fill(TensorsOf(ours), step);
    Fill(TensorsOf(theirs), step);
    adam.Step(2e-3);
    static_cast<torch::optim::AdamOptions&>(reference.param_groups()[0].options())
        .eps(1e-2 / std::sqrt(1 - std::pow(0.999, step)));
    reference.step();
  }
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_LT((ours[i].second - theirs[i].second).abs().max().item<double>(), 1e-14);
}

TEST(FlatAdamTest, IsTorchRmsPropWithoutAFirstMoment) {
  auto ours = Parameters(torch::kFloat64), theirs = Parameters(torch::kFloat64);
  ParameterGroup group("g", ours);
  FlatAdam adam(group, {.beta1 = 0, .beta2 = 0.9, .rule = AdamOptions::Rule::kRmsProp});
  torch::optim::RMSprop reference(TensorsOf(theirs), torch::optim::RMSpropOptions(2e-3).alpha(0.9).eps(1e-8));
  for (int step = 0; step < 5; ++step) {
    Fill(TensorsOf(ours), step);
    Fill(TensorsOf(theirs), step);
    adam.Step(2e-3);
    reference.step();
  }
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_LT((ours[i].second - theirs[i].second).abs().max().item<double>(), 1e-14);
}

TEST(FlatAdamTest, ForgetsAllButTheAverage) {
  auto old = Parameters(torch::kFloat32), fresh = Parameters(torch::kFloat32);
  ParameterGroup old_group("g", old), fresh_group("g", fresh);
  FlatAdam adam(old_group, {0.5, 0.999, 1e-8, 0.9});
  Fill(TensorsOf(old), 0);
  adam.Step(1e-3);
  const auto average = Together(adam.Average());
  adam.ResetMoments();
  EXPECT_TRUE(torch::equal(Together(adam.Average()), average));
  {
    torch::NoGradGuard no_grad;
    for (size_t i = 0; i < old.size(); ++i) fresh[i].second.copy_(old[i].second);
  }
  FlatAdam anew(fresh_group, {0.5, 0.999, 1e-8, 0.9});
  for (auto* parameters : {&old, &fresh}) Fill(TensorsOf(*parameters), 1);
  adam.Step(1e-3);
  anew.Step(1e-3);
  for (size_t i = 0; i < old.size(); ++i) EXPECT_TRUE(torch::equal(old[i].second, fresh[i].second));
}

// A factor in the step is the gradient multiplied beforehand, bit for bit: also of a shard that a range's
// border cuts.
TEST(FlatAdamTest, FactorsScaleTheGradient) {
  auto scaled = Parameters(torch::kFloat32), by_factor = Parameters(torch::kFloat32);
  ParameterGroup first("g", scaled), second("g", by_factor);
  FlatAdam adam(first, {}), with_factors(second, {}, 0, 50'000), rest(second, {}, 50'000, second.size());
  const double factors[] = {0.3, 0.7};
  for (int step = 0; step < 3; ++step) {
    Fill(TensorsOf(scaled), step);
    Fill(TensorsOf(by_factor), step);
    const GradientScale scale{factors[0], torch::scalar_tensor(factors[1] / factors[0], torch::kFloat64),
                              "b"};
    const auto ranges = GradientFactors(second, scale);
    for (const auto& [begin, end, factor] : ranges) first.gradients().slice(0, begin, end).mul_(factor);
    adam.Step(1e-2);
    with_factors.Step(1e-2, scale);
    rest.Step(1e-2, scale);
  }
  EXPECT_TRUE(torch::equal(first.parameters(), second.parameters()));
}

NamedTensors Copies(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.clone());
  return copies;
}

// What is not finite leaves no trace: neither in weights, moments and average nor in the step count.
TEST(FlatAdamTest, AStepThatIsNotFiniteDidNotHappen) {
  auto parameters = Parameters(torch::kFloat32);
  ParameterGroup group("g", parameters);
  FlatAdam adam(group, {0.9, 0.999, 1e-8, 0.5});
  Fill(TensorsOf(parameters), 0);
  adam.Step(1e-2);
  const auto before = Copies(adam.State()), average = Copies(adam.Average());
  const auto weights = group.parameters().clone();
  group.gradients().fill_(NAN);
  adam.Step(1e-2, {}, torch::isfinite(GradientNorm(group)));
  EXPECT_TRUE(torch::equal(group.parameters(), weights));
  for (const auto& [now, then] : {std::pair{adam.State(), before}, {adam.Average(), average}})
    for (size_t i = 0; i < now.size(); ++i)
      EXPECT_TRUE(torch::equal(now[i].second, then[i].second)) << now[i].first;
}

TEST(FlatAdamTest, DoesNotDependOnThreads) {
  std::vector<torch::Tensor> results;
  const int threads = at::get_num_threads();
  for (const int count : {1, 4}) {
    at::set_num_threads(count);
    auto parameters = Parameters(torch::kFloat32);
    ParameterGroup group("g", parameters);
    FlatAdam adam(group, {});
    for (int step = 0; step < 3; ++step) {
      Fill(TensorsOf(parameters), step);
      adam.Step(1e-3);
    }
    results.push_back(group.parameters().clone());
  }
  at::set_num_threads(threads);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
}

// Save after two steps, go on in a new process: the same bits as without the break.
TEST(FlatAdamTest, ResumesExactly) {
  auto first = Parameters(torch::kFloat32), second = Parameters(torch::kFloat32);
  ParameterGroup whole("g", first), resumed("g", second);
  const AdamOptions options{0.5, 0.999, 1e-8, 0.99};
  FlatAdam adam(whole, options), later(resumed, options);
  for (int step = 0; step < 4; ++step) {
    if (step == 2) {
      resumed.parameters().copy_(whole.parameters());
      CopyState(adam.State(), later.State(), "optimizer");
      CopyState(adam.Average(), later.Average(), "ema");
    }
    Fill(TensorsOf(first), step);
    adam.Step(1e-3);
    if (step < 2) continue;
    Fill(TensorsOf(second), step);
    later.Step(1e-3);
  }
  EXPECT_TRUE(torch::equal(whole.parameters(), resumed.parameters()));
  EXPECT_TRUE(torch::equal(Together(adam.Average()), Together(later.Average())));
  EXPECT_EQ(later.steps(), 4);
  EXPECT_EQ(adam.State()[1].first, "exp_avg.a");
  EXPECT_EQ(adam.State()[1].second.sizes(), first[0].second.sizes());
}

// Three shards step as one optimizer does.
TEST(FlatAdamTest, ShardsAreTheWhole) {
  auto whole = Parameters(torch::kFloat32), split = Parameters(torch::kFloat32);
  ParameterGroup one("g", whole, 3), other("g", split, 3);
  FlatAdam adam(one, {});
  const int64_t part = other.size() / 3;
  std::vector<std::unique_ptr<FlatAdam>> shards;
  for (int i = 0; i < 3; ++i)
    shards.push_back(std::make_unique<FlatAdam>(other, AdamOptions{}, i * part, (i + 1) * part));
  for (int step = 0; step < 2; ++step) {
    Fill(TensorsOf(whole), step);
    Fill(TensorsOf(split), step);
    adam.Step(1e-3);
    for (auto& shard : shards) shard->Step(1e-3);
  }
  EXPECT_TRUE(torch::equal(one.parameters(), other.parameters()));
}

TEST(FlatAdamTest, SwapsTheAverageInAndOut) {
  auto parameters = Parameters(torch::kFloat32);
  ParameterGroup group("g", parameters);
  FlatAdam adam(group, {0.9, 0.999, 1e-8, 0.5});
  Fill(TensorsOf(parameters), 0);
  adam.Step(1e-2);
  const auto live = Together(group.ViewsOf(group.parameters())), average = Together(adam.Average());
  EXPECT_FALSE(torch::equal(live, average));
  adam.SwapAverage();
  EXPECT_TRUE(torch::equal(Together(group.ViewsOf(group.parameters())), average));
  adam.SwapAverage();
  EXPECT_TRUE(torch::equal(Together(group.ViewsOf(group.parameters())), live));
  EXPECT_TRUE(torch::equal(Together(adam.Average()), average));
  adam.ResetAverage();
  EXPECT_TRUE(torch::equal(Together(adam.Average()), live));
}

}  // namespace
}  // namespace helio::cluster
