// The numbers of numpy and scipy (shared/reference, case `metrics`). Set HELIO_FIXTURES to a folder of
// fixtures.
#include <gtest/gtest.h>

#include <cstdlib>

#include "src/base/safetensors.h"
#include "src/eval/frechet.h"
#include "src/eval/inception_score.h"
#include "src/eval/r_precision.h"

namespace helio::eval {
namespace {

class MetricsFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("HELIO_FIXTURES");
    const auto path =
        std::filesystem::path(folder ? folder : "../shared/reference/fixtures") / "metrics.safetensors";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path << ": set HELIO_FIXTURES";
    file_ = ReadSafeTensors(path);
  }

  torch::Tensor Get(const std::string& name) const {
    CHECK(file_.Find(name)) << name;
    return *file_.Find(name);
  }
  double Number(const std::string& name) const { return Get(name).item<double>(); }

  void ExpectParts(const MeanDeviation& ours, const std::string& parts, const std::string& stem) const {
    EXPECT_TRUE(torch::allclose(torch::tensor(ours.parts, torch::kFloat64), Get(parts), 1e-9, 1e-12)) << stem;
    EXPECT_NEAR(ours.mean, Number(stem + "mean"), 1e-9 * std::abs(ours.mean));
    EXPECT_NEAR(ours.deviation, Number(stem + "std"), 1e-9);
  }

  SafeTensors file_;
};

TEST_F(MetricsFixture, InceptionScoreEqualsNumpy) {
  ExpectParts(InceptionScoreOf(Get("in.is.probs"), 10), "out.is.splits", "out.is.");
}

TEST_F(MetricsFixture, RPrecisionEqualsNumpy) {
  const auto ours = RPrecisionOf(Get("in.r.img_code"), Get("in.r.sent_code"), Get("in.r.candidates"), 10, 3);
  EXPECT_TRUE(torch::equal(ours.ranks, Get("out.r.rank")));
  EXPECT_TRUE(torch::allclose(ours.true_similarity, Get("out.r.true_similarity"), 1e-9, 1e-12));
  for (int k = 1; k <= 3; ++k) {
    const auto stem = "out.r.top" + std::to_string(k) + "_";
    ExpectParts(ours.tops[k - 1], stem + "folds", stem);
  }
}

TEST_F(MetricsFixture, FrechetDistanceEqualsScipy) {
  Moments x, y;
  for (const auto& rows : Get("in.fid.x").split(37)) x.Add(rows);
  for (const auto& rows : Get("in.fid.y").split(53)) y.Add(rows);
  EXPECT_TRUE(torch::allclose(x.mean(), Get("out.fid.mu_x"), 1e-9, 1e-12));
  EXPECT_TRUE(torch::allclose(y.mean(), Get("out.fid.mu_y"), 1e-9, 1e-12));
  const double trace = TraceSqrtProduct(x.Covariance(), y.Covariance());
  EXPECT_NEAR(trace, Number("out.fid.trace_sqrt"), 1e-6 * trace);
  const double fid = FrechetDistanceOf(x, y);
  EXPECT_NEAR(fid, Number("out.fid.fid"), 1e-6 * fid);
}

}  // namespace
}  // namespace helio::eval
