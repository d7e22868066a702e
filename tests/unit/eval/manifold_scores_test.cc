#include "src/eval/manifold_scores.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/base/error.h"

namespace helio::eval {
namespace {

// By the definitions, a pair at a time.
class ManifoldByHand {
 public:
  ManifoldByHand(const torch::Tensor& real, const torch::Tensor& drawn, int64_t k)
      : real_(real), drawn_(drawn), k_(k) {}

  ManifoldScores Scores() const {
    ManifoldScores scores;
    for (int64_t j = 0; j < drawn_.size(0); ++j) {
      int64_t balls = 0;
      for (int64_t i = 0; i < real_.size(0); ++i) balls += Between(i, j) < Radius(real_, i);
      scores.precision += balls > 0;
      scores.density += static_cast<double>(balls) / static_cast<double>(k_);
    }
    for (int64_t i = 0; i < real_.size(0); ++i) {
      bool recalled = false, covered = false;
      for (int64_t j = 0; j < drawn_.size(0); ++j) {
        recalled |= Between(i, j) < Radius(drawn_, j);
        covered |= Between(i, j) < Radius(real_, i);
      }
      scores.recall += recalled;
      scores.coverage += covered;
    }
    const auto n = static_cast<double>(real_.size(0)), m = static_cast<double>(drawn_.size(0));
    return {scores.precision / m, scores.recall / n, scores.density / m, scores.coverage / n};
  }

 private:
  double Between(int64_t i, int64_t j) const { return (real_[i] - drawn_[j]).norm().item<double>(); }
  double Radius(const torch::Tensor& rows, int64_t i) const {
    std::vector<double> distances;
    for (int64_t other = 0; other < rows.size(0); ++other)
      if (other != i) distances.push_back((rows[i] - rows[other]).norm().item<double>());
    std::sort(distances.begin(), distances.end());
    return distances[static_cast<size_t>(k_ - 1)];
  }
  const torch::Tensor real_, drawn_;
  const int64_t k_;
};

TEST(ManifoldScores, AreTheirDefinitions) {
  torch::manual_seed(3);
  const auto real = torch::randn({40, 3}, torch::kFloat64),
             drawn = torch::randn({25, 3}, torch::kFloat64) * 0.7 + 0.4;
  for (const int64_t k : {1, 3, 5}) {
    const auto expected = ManifoldByHand(real, drawn, k).Scores(), scores = ManifoldScoresOf(real, drawn, k);
    EXPECT_NEAR(scores.precision, expected.precision, 1e-12) << k;
    EXPECT_NEAR(scores.recall, expected.recall, 1e-12) << k;
    EXPECT_NEAR(scores.density, expected.density, 1e-12) << k;
    EXPECT_NEAR(scores.coverage, expected.coverage, 1e-12) << k;
    EXPECT_GT(scores.precision, 0.1);
    EXPECT_LT(scores.recall, 0.95);
  }
}

TEST(ManifoldScores, OfManyRowsAreThoseOfAFew) {
  torch::manual_seed(4);
  const auto real = torch::randn({1100, 2}), drawn = torch::randn({700, 2});
  const auto scores = ManifoldScoresOf(real, drawn, 5);
  EXPECT_GT(scores.precision, 0.8);
  EXPECT_NEAR(scores.density, 1, 0.2);
  EXPECT_GT(scores.coverage, 0.8);
  const auto far = ManifoldScoresOf(real, drawn + 100, 5);
  EXPECT_EQ(far.precision + far.recall + far.density + far.coverage, 0);
}

TEST(ManifoldScores, RefuseTooFewAndTellWhatIsNotFinite) {
  EXPECT_THROW(ManifoldScoresOf(torch::randn({5, 2}), torch::randn({9, 2}), 5), Error);
  EXPECT_THROW(ManifoldScoresOf(torch::randn({9, 2}), torch::randn({5, 2}), 5), Error);
  auto drawn = torch::randn({9, 2});
  drawn[1][1] = INFINITY;
  EXPECT_TRUE(std::isnan(ManifoldScoresOf(torch::randn({9, 2}), drawn, 5).coverage));
}

}  // namespace
}  // namespace helio::eval
