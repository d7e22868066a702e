#include "src/eval/caption_diversity.h"

#include <gtest/gtest.h>

#include "src/base/error.h"
#include "src/eval/structural_similarity.h"

namespace helio::eval {
namespace {

// sin(0.7 c + 0.31 i (k + 1) + 1.7 j^2 / s + k), which numpy can draw, too.
torch::Tensor Waves(int64_t k, int64_t side) {
  const auto at = torch::arange(side, torch::kFloat64), channel = torch::arange(3, torch::kFloat64);
  return (0.7 * channel.view({3, 1, 1}) + 0.31 * static_cast<double>(k + 1) * at.view({1, -1, 1}) +
          1.7 * at.square().view({1, 1, -1}) / static_cast<double>(side) + static_cast<double>(k))
      .sin()
      .unsqueeze(0);
}

// Expected values: the same formulas in numpy, with scipy.ndimage.correlate1d.
TEST(StructuralSimilarityTest, IsTheFormulas) {
  const std::vector<std::pair<int64_t, double>> expected{
      {32, 0.9649948468276582}, {50, 0.9578471042047904}, {176, 0.9690887588540359}};
  for (const auto& [side, value] : expected) {
    const auto a = Waves(0, side), b = 0.8 * a + 0.2 * Waves(1, side);
    EXPECT_NEAR(StructuralSimilarity(a, b).item<double>(), value, 1e-9) << side;
    EXPECT_NEAR(StructuralSimilarity(b, a).item<double>(), value, 1e-9) << side;
    EXPECT_NEAR(StructuralSimilarity(a, a).item<double>(), 1, 1e-12);
  }
}

TEST(StructuralSimilarityTest, OfScalesIsThatOfTheirPictures) {
  const auto a = torch::cat({Waves(0, 50), Waves(1, 50)}), b = torch::cat({Waves(2, 50), Waves(3, 50)});
  const auto scales = ScalesOf(a);
  EXPECT_EQ(scales.size(), 3u);
  const auto both = StructuralSimilarity(scales, ScalesOf(b));
  EXPECT_NEAR(both[1].item<double>(), StructuralSimilarity(Waves(1, 50), Waves(3, 50)).item<double>(), 1e-12);
}

TEST(StructuralSimilarityTest, OppositesHaveNothingInCommon) {
  const auto a = Waves(0, 64);
  EXPECT_NEAR(StructuralSimilarity(a, -a).item<double>(), 0, 1e-12);
}

TEST(StructuralSimilarityTest, HasAsManyScalesAsFit) {
  EXPECT_EQ(SimilarityScales(10), 0);
  EXPECT_EQ(SimilarityScales(11), 1);
  EXPECT_EQ(SimilarityScales(64), 3);
  EXPECT_EQ(SimilarityScales(176), 5);
  EXPECT_EQ(SimilarityScales(1024), 5);
  EXPECT_THROW(StructuralSimilarity(Waves(0, 8), Waves(1, 8)), Error);
}

TEST(CaptionDiversityTest, IsTheMeanOverPairsOfACaptionsPictures) {
  EvalBatch batch;
  batch.positions = torch::arange(10);
  const auto a = Waves(0, 32).expand({10, -1, -1, -1}), b = Waves(1, 32).expand({10, -1, -1, -1});
  batch.several = {a, a, b};
  CaptionDiversity diversity("diversity");
  diversity.Consume(batch);
  const auto score = diversity.Finish(diversity.Partial()).at(0);
  const double pair = StructuralSimilarity(Waves(0, 32), Waves(1, 32)).item<double>();
  EXPECT_NEAR(score.value, (0 + 2 * (1 - pair)) / 3, 1e-12);
  EXPECT_NEAR(score.deviation, 0, 1e-9);
  EXPECT_EQ(score.protocol, "captions=10 pictures of each=3 folds=10, 1 - MS-SSIM of 2 scales");
}

TEST(CaptionDiversityTest, IsNothingWhereNoiseDoesNothing) {
  EvalBatch batch;
  batch.positions = torch::arange(10);
  batch.several = {Waves(0, 32).expand({10, -1, -1, -1}), Waves(0, 32).expand({10, -1, -1, -1})};
  CaptionDiversity diversity("diversity");
  diversity.Consume(batch);
  EXPECT_NEAR(diversity.Finish(diversity.Partial()).at(0).value, 0, 1e-12);
}

}  // namespace
}  // namespace helio::eval
