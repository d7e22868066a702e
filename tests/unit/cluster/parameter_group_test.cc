#include "cluster/parameter_group.h"

#include <gtest/gtest.h>

#include "src/base/error.h"
#include "src/nn/module.h"

namespace helio::cluster {
namespace {

NamedTensors Named(const torch::nn::Module& module) {
  NamedTensors parameters;
  for (const auto& one : module.named_parameters()) parameters.emplace_back(one.key(), one.value());
  return parameters;
}

torch::nn::Sequential SmallNet() {
  torch::manual_seed(1);
  return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 5, 3).bias(true)),
                               torch::nn::BatchNorm2d(5), torch::nn::Conv2d(5, 2, 1));
}

bool IsViewOf(const torch::Tensor& view, const torch::Tensor& flat) {
  const auto* begin = static_cast<const char*>(flat.const_data_ptr());
  const auto* data = static_cast<const char*>(view.const_data_ptr());
  return data >= begin && data < begin + flat.nbytes();
}

TEST(ParameterGroupTest, KeepsValuesShapesAndResults) {
  auto net = SmallNet();
  const auto x = torch::randn({2, 3, 6, 6});
  net->eval();
  const auto before = net->forward(x).detach().clone();
  ParameterGroup group("g", Named(*net));
  EXPECT_TRUE(torch::equal(net->forward(x), before));
  EXPECT_EQ(group.slots().size(), 6u);
  for (const auto& slot : group.slots()) {
    EXPECT_TRUE(IsViewOf(slot.parameter, group.parameters())) << slot.name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(slot.parameter.const_data_ptr()) % 64,
              reinterpret_cast<uintptr_t>(group.parameters().const_data_ptr()) % 64);
  }
}

TEST(ParameterGroupTest, GradientsStayInTheFlatBufferAndAddUp) {
  auto net = SmallNet();
  ParameterGroup group("g", Named(*net));
  const auto x = torch::randn({2, 3, 6, 6});
  group.ZeroGradient();
  net->forward(x).square().sum().backward();
  const auto once = group.gradients().clone();
  EXPECT_GT(once.abs().sum().item<double>(), 0);
  for (const auto& slot : group.slots()) EXPECT_TRUE(IsViewOf(slot.parameter.grad(), group.gradients()));
  net->forward(x).square().sum().backward();
  EXPECT_TRUE(torch::allclose(group.gradients(), once * 2, 1e-4));
  group.ZeroGradient();
  EXPECT_EQ(group.gradients().abs().sum().item<double>(), 0);
}

TEST(ParameterGroupTest, PutsBackAGradientThatWasTakenAway) {
  auto net = SmallNet();
  ParameterGroup group("g", Named(*net));
  net->zero_grad(/*set_to_none=*/true);
  group.ZeroGradient();
  net->forward(torch::randn({2, 3, 6, 6})).sum().backward();
  EXPECT_GT(group.gradients().abs().sum().item<double>(), 0);
}

TEST(ParameterGroupTest, KeepsChannelsLast) {
  auto net = SmallNet();
  net->to(torch::kFloat32);
  for (auto& parameter : net->parameters())
    if (parameter.dim() == 4)
      parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
  ParameterGroup group("g", Named(*net));
  const auto& weight = group.slots()[0].parameter;
  EXPECT_TRUE(weight.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(weight.grad().strides(), weight.strides());
  group.ZeroGradient();
  net->forward(torch::randn({2, 3, 6, 6})).sum().backward();
  EXPECT_TRUE(IsViewOf(weight.grad(), group.gradients()));
}

TEST(ParameterGroupTest, AlignsAndPadsForShards) {
  NamedTensors parameters{{"a", torch::ones({3}).requires_grad_()},
                          {"b", torch::ones({17}).requires_grad_()}};
  ParameterGroup group("g", parameters, 3);
  EXPECT_EQ(group.slots()[1].offset, 16);
  EXPECT_EQ(group.size() % (3 * 16), 0);
  EXPECT_EQ(group.slots()[0].size + group.slots()[1].size, 20);
  EXPECT_EQ(group.parameters().sum().item<double>(), 20) << "padding is not zero";
  const auto views = group.ViewsOf(group.parameters());
  EXPECT_EQ(views[1].first, "b");
  EXPECT_TRUE(torch::equal(views[1].second, torch::ones({17})));
}

TEST(ParameterGroupTest, RefusesAMixOfTypes) {
  NamedTensors parameters{{"a", torch::ones({3}).requires_grad_()},
                          {"b", torch::ones({3}, torch::kFloat64).requires_grad_()}};
  EXPECT_THROW(ParameterGroup("g", parameters), Error);
}

TEST(ParameterGroupTest, FrozenParametersTakeNoGradient) {
  auto net = SmallNet();
  ParameterGroup group("g", Named(*net));
  auto x = torch::randn({2, 3, 6, 6}).requires_grad_();
  for (auto& parameter : net->parameters()) parameter.requires_grad_(false);
  group.ZeroGradient();
  net->forward(x).sum().backward();
  EXPECT_EQ(group.gradients().abs().sum().item<double>(), 0);
  EXPECT_GT(x.grad().abs().sum().item<double>(), 0);
  for (auto& parameter : net->parameters()) parameter.requires_grad_(true);
  net->forward(x).sum().backward();
  EXPECT_GT(group.gradients().abs().sum().item<double>(), 0);
}

ParameterGroup& WithGradients(ParameterGroup& group) {
  torch::manual_seed(3);
  for (const auto& slot : group.slots())
    slot.parameter.mutable_grad().copy_(torch::randn_like(slot.parameter));
  return group;
}

double NormOf(const ParameterGroup& group, const std::string& prefix = "") {
  return GradientNorm(group, prefix).item<double>();
}

TEST(GradientNormTest, IsTheNormOfAllOrOfAPrefix) {
  auto net = SmallNet();
  ParameterGroup group("g", Named(*net));
  WithGradients(group);
  double all = 0, prefixed = 0;
  for (const auto& slot : group.slots()) {
    const double squares = slot.parameter.grad().to(torch::kFloat64).square().sum().item<double>();
    all += squares;
    if (slot.name.starts_with("1.")) prefixed += squares;
  }
  EXPECT_NEAR(NormOf(group), std::sqrt(all), 1e-12 * std::sqrt(all));
  EXPECT_NEAR(NormOf(group, "1."), std::sqrt(prefixed), 1e-12 * std::sqrt(prefixed));
}

TEST(GradientNormTest, DoesNotDependOnThreads) {
  NamedTensors parameters{{"a", torch::ones({300'001}).requires_grad_()}};
  ParameterGroup group("g", parameters);
  WithGradients(group);
  const double several = NormOf(group);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_EQ(NormOf(group), several);
  at::set_num_threads(threads);
}

TEST(GradientNormTest, ShowsNonFiniteGradients) {
  NamedTensors parameters{{"a", torch::ones({1000}).requires_grad_()}};
  ParameterGroup group("g", parameters);
  group.slots()[0].parameter.mutable_grad()[777] = INFINITY;
  EXPECT_FALSE(std::isfinite(NormOf(group)));
}

TEST(GradientFactorsTest, LimitTheNormOfTheirPrefixOnly) {
  auto net = SmallNet();
  ParameterGroup group("g", Named(*net));
  WithGradients(group);
  const auto untouched = group.slots()[0].parameter.grad().clone();
  const GradientScale scale{.clip = ClipFactor(GradientNorm(group, "1."), 0.25), .prefix = "1."};
  auto by_ranges = group.gradients().clone();
  for (const auto& [begin, end, factor] : GradientFactors(group, scale))
    by_ranges.slice(0, begin, end).mul_(factor);
  ScaleGradients(group, scale);
  EXPECT_TRUE(torch::equal(group.gradients(), by_ranges));
  EXPECT_NEAR(NormOf(group, "1."), 0.25, 1e-5);
  EXPECT_TRUE(torch::equal(group.slots()[0].parameter.grad(), untouched));
  EXPECT_EQ(ClipFactor(GradientNorm(group), 1e6).item<double>(), 1) << "a small gradient would be changed";
}

TEST(GradientFactorsTest, CoverTheGroupInAsFewRangesAsTheyCan) {
  auto net = SmallNet();
  ParameterGroup group("g", Named(*net), 3);
  const auto one = GradientFactors(group, {.all = 0.5});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].begin, 0);
  EXPECT_EQ(one[0].end, group.size());
  EXPECT_EQ(one[0].factor, 0.5);
  const auto two = GradientFactors(group, {0.5, torch::scalar_tensor(0.5, torch::kFloat64), "1."});
  ASSERT_EQ(two.size(), 3u);
  for (const size_t i : {0, 1}) EXPECT_EQ(two[i].end, two[i + 1].begin);
  EXPECT_EQ(two[2].end, group.size());
  EXPECT_EQ(two[1].factor, 0.25);
  EXPECT_EQ(two[2].factor, 0.5);
}

}  // namespace
}  // namespace helio::cluster
