#include "src/nn/folded_conv.h"

#include <gtest/gtest.h>

#include "src/nn/freeze.h"
#include "src/nn/image_trunk.h"

namespace helio::nn {
namespace {

struct Pair {
  Conv2d conv{torch::nn::Conv2dOptions(3, 5, {3, 2}).stride(2).padding({1, 0}).bias(false)};
  BatchNorm norm{5, 1e-2};
  FoldedConv folded;
  torch::Tensor input = torch::randn({2, 3, 9, 8}, torch::kFloat64).requires_grad_();

  Pair() {
    torch::manual_seed(1);
    conv->to(torch::kFloat64);
    norm->to(torch::kFloat64);
    torch::NoGradGuard no_grad;
    for (auto* tensor : {&norm->weight, &norm->bias, &norm->running_mean}) tensor->normal_();
    norm->running_var.uniform_(0.5, 2);
  }
  void FreezeBoth() {
    Freeze(*conv);
    Freeze(*norm);
  }
  torch::Tensor Plain() { return norm(conv(input)); }
};

double Gap(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(FoldedConv, IsTheConvolutionAndTheNorm) {
  Pair pair;
  pair.FreezeBoth();
  const auto plain = pair.Plain(), folded = pair.folded(pair.conv, pair.norm, pair.input);
  EXPECT_LT(Gap(plain, folded), 1e-12);
  const auto pull = torch::randn_like(plain);
  const auto expected = torch::autograd::grad({plain}, {pair.input}, {pull})[0];
  EXPECT_LT(Gap(expected, torch::autograd::grad({folded}, {pair.input}, {pull})[0]), 1e-12);
}

TEST(FoldedConv, NoticesEveryWrite) {
  Pair pair;
  pair.FreezeBoth();
  pair.folded(pair.conv, pair.norm, pair.input);
  for (auto* source : {&pair.conv->weight, &pair.norm->weight, &pair.norm->bias, &pair.norm->running_mean,
                       &pair.norm->running_var}) {
    source->mul_(1.5);
    EXPECT_LT(Gap(pair.Plain(), pair.folded(pair.conv, pair.norm, pair.input)), 1e-12);
  }
  pair.norm->bias.set_data(torch::randn({5}, torch::kFloat64));
  EXPECT_LT(Gap(pair.Plain(), pair.folded(pair.conv, pair.norm, pair.input)), 1e-12);
}

TEST(FoldedConv, TrainsUnfolded) {
  Pair pair;
  pair.folded(pair.conv, pair.norm, pair.input).sum().backward();
  EXPECT_TRUE(pair.conv->weight.grad().defined());
  EXPECT_TRUE(pair.norm->bias.grad().defined());
  EXPECT_EQ(pair.norm->num_batches_tracked.item<int64_t>(), 1);
}

TEST(FoldedConv, StatisticsOfAFrozenButTrainingNormMove) {
  Pair pair;
  pair.FreezeBoth();
  pair.norm->train();
  const auto before = pair.norm->running_mean.clone();
  pair.folded(pair.conv, pair.norm, pair.input);
  EXPECT_GT(Gap(before, pair.norm->running_mean), 0);
}

}  // namespace
}  // namespace helio::nn
