#include "src/eval/frechet.h"

#include "src/base/error.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

Moments Of(const torch::Tensor& rows) {
  Moments moments;
  moments.Add(rows);
  return moments;
}

TEST(Moments, MergingEqualsSeeingEverythingAtOnce) {
  torch::manual_seed(1);
  const auto rows = torch::randn({100, 5}, torch::kFloat64) +
                    1e4;  // far from zero: a plain sum of squares would lose digits
  Moments merged = Of(rows.slice(0, 0, 33));
  merged.Merge(Of(rows.slice(0, 33)));
  EXPECT_TRUE(torch::allclose(merged.Covariance(), torch::cov(rows.t()), 1e-9, 1e-9));
  EXPECT_TRUE(torch::allclose(merged.mean(), rows.mean(0), 1e-14));
}

TEST(FrechetDistance, OfGaussiansOnTheDiagonalIsTheClosedForm) {
  const auto a = torch::diag(torch::tensor({4.0, 9.0}, torch::kFloat64));
  const auto b = torch::diag(torch::tensor({1.0, 16.0}, torch::kFloat64));
  EXPECT_NEAR(TraceSqrtProduct(a, b), 2 * 1 + 3 * 4, 1e-12);
}

TEST(FrechetDistance, OfTheSameIsZeroEvenWithFewSamples) {
  const auto rows = torch::randn({10, 32});  // singular covariance
  EXPECT_NEAR(FrechetDistanceOf(Of(rows), Of(rows)), 0, 1e-5);
}

TEST(FrechetDistance, OfAShiftIsItsSquare) {
  const auto rows = torch::randn({500, 4}, torch::kFloat64);
  EXPECT_NEAR(FrechetDistanceOf(Of(rows), Of(rows + 3)), 4 * 9, 1e-6);
}

TEST(FrechetDistance, OfWhatIsNotFiniteIsNone) {
  auto rows = torch::randn({10, 3});
  rows[4][1] = NAN;
  EXPECT_TRUE(std::isnan(FrechetDistanceOf(Of(rows), Of(torch::randn({10, 3})))));
}

TEST(FrechetDistance, NeedsTwoPictures) { EXPECT_THROW(Of(torch::ones({1, 3})).Covariance(), Error); }

}  // namespace
}  // namespace helio::eval
