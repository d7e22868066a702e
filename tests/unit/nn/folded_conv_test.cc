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
  torch::Tensor Folded(const AfterConv& after = {}) { return folded(conv, norm, input, after); }
};

double Gap(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(FoldedConv, IsTheConvolutionAndTheNorm) {
  Pair pair;
  pair.FreezeBoth();
  const auto plain = pair.Plain(), folded = pair.Folded();
  EXPECT_LT(Gap(plain, folded), 1e-12);
  const auto pull = torch::randn_like(plain);
  const auto expected = torch::autograd::grad({plain}, {pair.input}, {pull})[0];
  EXPECT_LT(Gap(expected, torch::autograd::grad({folded}, {pair.input}, {pull})[0]), 1e-12);
}

// What a trunk of float32 does on a CPU; `type` as under autocast.
struct Packed : Pair {
  torch::Tensor added = torch::randn({2, 5, 5, 4}).requires_grad_();

  Packed() {
    conv->to(torch::kFloat32);
    norm->to(torch::kFloat32);
    input = input.detach().to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast).requires_grad_();
    FreezeBoth();
  }
  // ReLU(sum), its pull back to input and added, and that pull's own derivative with respect to `pull`.
  std::vector<torch::Tensor> Results(const torch::Tensor& output, const torch::Tensor& pull) {
    std::vector<torch::Tensor> results = {output};
    const auto gradients = torch::autograd::grad({output}, {input, added}, {pull}, true, true);
    results.insert(results.end(), gradients.begin(), gradients.end());
    results.push_back(torch::autograd::grad({gradients[0].square().sum()}, {pull}, {}, true)[0]);
    const auto once = torch::autograd::grad({output}, {input, added}, {pull}, true);
    results.insert(results.end(), once.begin(), once.end());
    return results;
  }
};

TEST(FoldedConv, PackedIsTheConvolutionTheNormTheSumAndReLU) {
  Packed pair;
  const auto pull = torch::randn_like(pair.added).requires_grad_();
  const auto expected = pair.Results((pair.Plain() + pair.added).relu(), pull);
  const auto packed = pair.Results(pair.Folded({pair.added, true}), pull);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_LT(Gap(expected[i], packed[i]), 1e-4) << i;
  EXPECT_LT(Gap(pair.Plain(), pair.Folded()), 1e-5);
  EXPECT_LT(Gap(pair.Plain() + pair.added, pair.Folded({pair.added})), 1e-5);
  EXPECT_LT(Gap(pair.Plain().relu(), pair.Folded({.rectified = true})), 1e-5);
}

TEST(FoldedConv, PackedForOneBatchServesOthers) {
  Packed pair;
  pair.Folded().sum().backward();
  pair.input = torch::randn({3, 3, 6, 11}).requires_grad_();
  const auto gradient_of = [&](const torch::Tensor& output) {
    return torch::autograd::grad({output.square().sum()}, {pair.input})[0];
  };
  EXPECT_LT(Gap(pair.Plain(), pair.Folded()), 1e-5);
  EXPECT_LT(Gap(gradient_of(pair.Plain()), gradient_of(pair.Folded())), 1e-3);
}

TEST(FoldedConv, NoticesEveryWrite) {
  Pair pair;
  pair.FreezeBoth();
  pair.Folded();
  for (auto* source : {&pair.conv->weight, &pair.norm->weight, &pair.norm->bias, &pair.norm->running_mean,
                       &pair.norm->running_var}) {
    source->mul_(1.5);
    EXPECT_LT(Gap(pair.Plain(), pair.Folded()), 1e-12);
  }
  pair.norm->bias.set_data(torch::randn({5}, torch::kFloat64));
  EXPECT_LT(Gap(pair.Plain(), pair.Folded()), 1e-12);
}

TEST(FoldedConv, TrainsUnfolded) {
  Pair pair;
  pair.Folded().sum().backward();
  EXPECT_TRUE(pair.conv->weight.grad().defined());
  EXPECT_TRUE(pair.norm->bias.grad().defined());
  EXPECT_EQ(pair.norm->num_batches_tracked.item<int64_t>(), 1);
}

TEST(FoldedConv, StatisticsOfAFrozenButTrainingNormMove) {
  Pair pair;
  pair.FreezeBoth();
  pair.norm->train();
  const auto before = pair.norm->running_mean.clone();
  pair.Folded();
  EXPECT_GT(Gap(before, pair.norm->running_mean), 0);
}

}  // namespace
}  // namespace helio::nn
