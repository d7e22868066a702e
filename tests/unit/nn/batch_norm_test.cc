#include "src/nn/batch_norm.h"

#include <gtest/gtest.h>

#include "src/base/error.h"
#include "tests/support/shares.h"

namespace helio::nn {
namespace {

using testing::OnRanks;
using testing::Random64;
using testing::Share;
using testing::Tensors;

BatchNorm Norm(int64_t channels, torch::Dtype dtype = torch::kFloat64) {
  BatchNorm norm(channels);
  torch::NoGradGuard no_grad;
  norm->weight.copy_(torch::linspace(0.5, 1.5, channels));
  norm->bias.copy_(torch::linspace(-1, 1, channels));
  norm->to(dtype);
  return norm;
}

// A training pass: output, gradients of input, weight and bias, running statistics.
Tensors Pass(BatchNorm norm, const torch::Tensor& input, const torch::Tensor& cotangent) {
  const auto output = norm(input);
  (output * cotangent).sum().backward();
  return {output.detach(),   input.grad(),       norm->weight.grad(),
          norm->bias.grad(), norm->running_mean, norm->running_var};
}

Tensors TorchPass(const torch::Tensor& input, const torch::Tensor& cotangent) {
  auto mine = Norm(input.size(1), torch::kFloat64);
  torch::nn::BatchNorm2d theirs(input.size(1));
  theirs->to(torch::kFloat64);
  torch::NoGradGuard no_grad;
  theirs->weight.copy_(mine->weight);
  theirs->bias.copy_(mine->bias);
  const at::AutoGradMode grad(true);
  const auto leaf = input.detach().to(torch::kFloat64).requires_grad_();
  const auto output = theirs(leaf);
  (output * cotangent.to(torch::kFloat64)).sum().backward();
  return {output.detach(),     leaf.grad(),          theirs->weight.grad(),
          theirs->bias.grad(), theirs->running_mean, theirs->running_var};
}

void ExpectClose(const Tensors& a, const Tensors& b, double tolerance) {
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(torch::allclose(a[i].to(torch::kFloat64), b[i], tolerance, tolerance))
        << "result " << i << " differs by " << testing::Difference(a[i].to(torch::kFloat64), b[i]);
}

// What a gradient of a gradient through `body` of own rows says on several ranks.
std::string SecondDerivative(const std::function<torch::Tensor(Share&, const torch::Tensor&)>& body) {
  std::string said;
  const auto whole = Random64({4, 3, 2, 2});
  OnRanks(2, 4, [&](Share& share) -> Tensors {
    const auto own = share.Own(whole);
    try {
      const auto gradient =
          torch::autograd::grad({body(share, own).square().sum()}, {own}, {}, true, /*create_graph=*/true)[0];
      gradient.square().sum().backward();
    } catch (const Error& error) {
      if (share.rows.first == 0) said = error.what();
    }
    return {};
  });
  return said;
}

TEST(SecondDerivative, ThroughSeveralRanksIsRefused) {
  torch::manual_seed(2);
  EXPECT_NE(SecondDerivative([](Share& share, const torch::Tensor& own) {
              auto norm = Norm(3);
              norm->set_global_batch(&share.batch);
              return norm(own);
            }).find("batch norm over several ranks: has no second derivative"),
            std::string::npos);
  EXPECT_NE(SecondDerivative([](Share& share, const torch::Tensor& own) {
              return GatherRows(share.batch, own, share.rows);
            }).find("has no second derivative"),
            std::string::npos);
  EXPECT_EQ(SecondDerivative([](Share&, const torch::Tensor& own) { return Norm(3)(own); }), "");
}

TEST(BatchNorm, AloneEqualsTorch) {
  torch::manual_seed(1);
  const auto input = Random64({3, 4, 5, 6}).requires_grad_(), cotangent = Random64({3, 4, 5, 6});
  ExpectClose(Pass(Norm(4), input, cotangent), TorchPass(input, cotangent), 1e-12);
}

// Maps of more positions than torch's kernel adds precisely in float32 take our own path.
// torch's kernel walks over unlike formats one element at a time: ten times as long.
TEST(BatchNorm, TakesAGradientOfAnyMemoryFormat) {
  BatchNorm norm(3);
  const auto input =
      torch::randn({2, 3, 5, 7}).contiguous(torch::MemoryFormat::ChannelsLast).requires_grad_();
  const auto pull = torch::randn({2, 3, 5, 7});
  const auto gradient_of = [&](const torch::Tensor& output_gradient) {
    return torch::autograd::grad({norm(input)}, {input}, {output_gradient})[0];
  };
  const auto gradient = gradient_of(pull);
  EXPECT_TRUE(gradient.is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(gradient.equal(gradient_of(pull.contiguous(torch::MemoryFormat::ChannelsLast))));
}

TEST(BatchNorm, LargeChannelsLastMapsArePrecise) {
  torch::manual_seed(2);
  const auto format = torch::MemoryFormat::ChannelsLast;
  const auto input = (torch::randn({5, 3, 96, 96}) + 3).contiguous(format).requires_grad_();
  const auto cotangent = torch::randn({5, 3, 96, 96}).contiguous(format);
  auto norm = Norm(3, torch::kFloat32);
  EXPECT_TRUE(norm->forward(input).is_contiguous(format));
  norm->running_mean.zero_();
  norm->running_var.fill_(1);
  const auto ours = Pass(norm, input, cotangent), exact = TorchPass(input, cotangent);
  ExpectClose({ours[0], ours[1], ours[4], ours[5]}, {exact[0], exact[1], exact[4], exact[5]}, 3e-6);
}

TEST(BatchNorm, EvaluationUsesRunningStatistics) {
  auto norm = Norm(2);
  norm->running_mean.fill_(3);
  norm->running_var.fill_(4);
  norm->eval();
  const auto output = norm->forward(torch::full({1, 2}, 5.0, torch::kFloat64));
  EXPECT_NEAR(output[0][0].item<double>(), 0.5 * 2 / std::sqrt(4 + 1e-5) - 1, 1e-12);
  EXPECT_EQ(norm->num_batches_tracked.item<int64_t>(), 0);
}

class GlobalBatchNorm : public ::testing::TestWithParam<std::tuple<int, int64_t>> {};

// Uneven shares, and ranks without a row.
TEST_P(GlobalBatchNorm, RanksEqualTheWholeBatch) {
  const auto [ranks, rows] = GetParam();
  torch::manual_seed(3);
  const auto input = Random64({rows, 4, 3, 2}) * 2 + 5, cotangent = Random64({rows, 4, 3, 2});
  const auto whole = Pass(Norm(4), input.detach().clone().requires_grad_(), cotangent);
  const auto shares = OnRanks(ranks, rows, [&](Share& share) {
    auto norm = Norm(4);
    UseGlobalBatch(*norm, &share.batch);
    return Pass(norm, share.Own(input), share.Own(cotangent).detach());
  });
  for (size_t i : {0, 1}) EXPECT_LT(testing::Difference(testing::Joined(shares, i), whole[i]), 1e-12) << i;
  for (size_t i : {2, 3})  // this loss is a sum, not a mean: gradients add up
    EXPECT_LT(testing::Difference(testing::Averaged(shares, i) * ranks, whole[i]), 1e-12) << i;
  for (const auto& share : shares)
    for (size_t i : {4, 5}) EXPECT_LT(testing::Difference(share[i], whole[i]), 1e-12) << i;
}

INSTANTIATE_TEST_SUITE_P(Shares, GlobalBatchNorm,
                         ::testing::Values(std::tuple{2, 4}, std::tuple{2, 5}, std::tuple{3, 7},
                                           std::tuple{4, 3}));

// The gradient through the other ranks' statistics, by central differences of the sum over ranks.
TEST(BatchNorm, GlobalGradientEqualsCentralDifferences) {
  torch::manual_seed(4);
  const auto cotangent = Random64({3, 2, 1, 2});
  const auto run = [&](const Tensors& inputs) {
    return OnRanks(2, 3, [&](Share& share) -> Tensors {
      auto norm = Norm(2);
      UseGlobalBatch(*norm, &share.batch);
      const auto own = share.Own(inputs[0]);
      const auto output = (norm(own) * share.Own(cotangent)).sum();
      output.backward();
      return {own.grad(), output.detach().view({1})};
    });
  };
  const auto input = Random64({3, 2, 1, 2});
  const auto analytic = testing::Joined(run({input}), 0).reshape(-1);
  auto entries = input.view(-1);
  for (int64_t k = 0; k < entries.numel(); ++k) {
    const double value = entries[k].item<double>(), step = 1e-5;
    const auto at = [&](double x) {
      entries[k] = x;
      return testing::Joined(run({input}), 1).sum().item<double>();
    };
    const double numeric = (at(value + step) - at(value - step)) / (2 * step);
    entries[k] = value;
    EXPECT_NEAR(numeric, analytic[k].item<double>(), 1e-8) << "entry " << k;
  }
}

TEST(BatchNorm, GlobalKeepsChannelsLast) {
  const auto format = torch::MemoryFormat::ChannelsLast;
  OnRanks(2, 4, [&](Share& share) -> Tensors {
    auto norm = Norm(3, torch::kFloat32);
    UseGlobalBatch(*norm, &share.batch);
    const auto own = torch::randn({2, 3, 4, 4}).contiguous(format).requires_grad_();
    const auto output = norm(own);
    EXPECT_TRUE(output.is_contiguous(format));
    output.square().sum().backward();
    EXPECT_TRUE(own.grad().is_contiguous(format));
    return {};
  });
}

// Averaged generators need statistics of their own: the plain mean over the batches seen.
TEST(BatchNorm, CumulativeStatisticsAverageBatches) {
  auto norm = Norm(1);
  norm->running_mean.fill_(77);
  SetCumulativeStatistics(*norm, true);
  for (const double mean : {1.0, 2.0, 6.0}) norm->forward(torch::full({4, 1}, mean, torch::kFloat64));
  EXPECT_NEAR(norm->running_mean.item<double>(), 3, 1e-12);
  EXPECT_NEAR(norm->running_var.item<double>(), 0, 1e-12);
  SetCumulativeStatistics(*norm, false);
  norm->forward(torch::full({4, 1}, 13.0, torch::kFloat64));
  EXPECT_NEAR(norm->running_mean.item<double>(), 4, 1e-12);
}

// One module, both kernels in one graph: the second call must not spoil the first one's backward.
TEST(BatchNorm, SmallAndLargeMapsShareAGraph) {
  const auto format = torch::MemoryFormat::ChannelsLast;
  auto norm = Norm(2, torch::kFloat32);
  const auto small = norm(torch::randn({2, 2, 4, 4}).contiguous(format));
  const auto large = norm(torch::randn({2, 2, 64, 64}).contiguous(format));
  (small.square().sum() + large.square().sum()).backward();
  EXPECT_TRUE(norm->weight.grad().isfinite().all().item<bool>());
  EXPECT_EQ(norm->num_batches_tracked.item<int64_t>(), 2);
}

TEST(BatchNorm, CountsAPassAsManyTimesAsItIsTold) {
  const auto input = Random64({4, 3, 2, 2});
  auto once = Norm(3), thrice = Norm(3);
  torch::Tensor last;
  for (int i = 0; i < 3; ++i) last = thrice(input);
  ExpectClose({once->ForwardTimes(input, 3), once->running_mean, once->running_var},
              {last, thrice->running_mean, thrice->running_var}, 1e-12);
  EXPECT_EQ(once->num_batches_tracked.item<int64_t>(), 3);
  // And once again as ever.
  EXPECT_TRUE(torch::allclose(once(input), thrice(input)));
  EXPECT_TRUE(torch::allclose(once->running_var, thrice->running_var));
  once->eval();
  once->ForwardTimes(input, 2);
  EXPECT_EQ(once->num_batches_tracked.item<int64_t>(), 4);
}

}  // namespace
}  // namespace helio::nn
