#include "src/eval/kernel_distance.h"

#include "src/base/error.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

// The definition, a pair at a time.
double ByHand(const torch::Tensor& x, const torch::Tensor& y) {
  const auto kernel = [&](const torch::Tensor& a, const torch::Tensor& b) {
    return std::pow(a.dot(b).item<double>() / static_cast<double>(x.size(1)) + 1, 3);
  };
  const auto n = x.size(0), m = y.size(0);
  double xx = 0, yy = 0, xy = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) xx += i == j ? 0 : kernel(x[i], x[j]);
    for (int64_t j = 0; j < m; ++j) xy += kernel(x[i], y[j]);
  }
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < m; ++j) yy += i == j ? 0 : kernel(y[i], y[j]);
  }
  return xx / double(n * (n - 1)) + yy / double(m * (m - 1)) - 2 * xy / double(n * m);
}

TEST(KernelDistance, EqualsItsDefinition) {
  torch::manual_seed(3);
  const auto x = torch::randn({6, 4}, torch::kFloat64), y = torch::randn({9, 4}, torch::kFloat64) + 0.5;
  EXPECT_NEAR(SquaredMmd(x, y), ByHand(x, y), 1e-10);
}

TEST(KernelDistance, IsUnbiasedAroundZeroForOneDistribution) {
  torch::manual_seed(4);
  const auto same = KernelDistanceOf(torch::randn({600, 8}), torch::randn({600, 8}), {20, 200, 1});
  const auto other = KernelDistanceOf(torch::randn({600, 8}), torch::randn({600, 8}) * 2, {20, 200, 1});
  EXPECT_LT(std::abs(same.mean), 0.05);
  EXPECT_GT(other.mean, 10 * std::abs(same.mean));
}

TEST(KernelDistance, OfAllRowsIsOneSubset) {
  torch::manual_seed(5);
  const auto x = torch::randn({60, 4}), y = torch::randn({90, 4});
  const auto all = KernelDistanceOf(x, y, {20, 90, 1});
  EXPECT_EQ(all.mean, SquaredMmd(x, y));
  EXPECT_EQ(all.deviation, 0);
  EXPECT_EQ(all.parts.size(), 1u);
  EXPECT_EQ(KernelDistanceOf(x, y, {20, 89, 1}).parts.size(), 20u) << "of the larger side there is a choice";
}

TEST(KernelDistance, NeedsTwoPictures) {
  EXPECT_THROW(KernelDistanceOf(torch::ones({1, 3}), torch::ones({5, 3}), {}), Error);
}

}  // namespace
}  // namespace helio::eval
