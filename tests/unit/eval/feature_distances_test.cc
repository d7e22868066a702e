#include "src/eval/feature_distances.h"

#include "src/base/error.h"
#include "src/eval/frechet.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

FeatureDistances MakeDistances() {
  return FeatureDistances("features", [](const torch::Tensor& x) { return x; },
                          {.choice = {.fid = true, .kid = true},
                           .kernel = {.subsets = 10, .subset_size = 50},
                           .judge = "trunk small"});
}

TEST(FeatureDistances, AreTheSameBitsForAnyNumberOfRanks) {
  const auto samples = RandomSamples(101, 9, 5, 2);
  const auto alone = ScoreOverRanks(samples, 1, MakeDistances);
  ASSERT_EQ(alone.size(), 2u);
  for (const auto& [ranks, idle] : {std::pair{2, 0}, {4, 0}, {2, 1}}) {
    const auto together = ScoreOverRanks(samples, ranks, MakeDistances, idle);
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(together[i].value, alone[i].value) << alone[i].name;
  }
}

TEST(FeatureDistances, AreThoseOfAllRowsWithTheirProtocol) {
  const auto samples = RandomSamples(101, 9, 5, 2);
  const auto scores = ScoreOverRanks(samples, 1, MakeDistances);
  Moments drawn, real;
  drawn.Add(samples.images);
  real.Add(samples.real);
  EXPECT_EQ(scores[0].name, "fid");
  EXPECT_NEAR(scores[0].value, FrechetDistanceOf(drawn, real), 1e-9);
  EXPECT_EQ(scores[0].protocol, "N=101 against 101 real, 9 features of trunk small");
  EXPECT_EQ(scores[1].name, "kid");
  EXPECT_EQ(scores[1].value, KernelDistanceOf(samples.images, samples.real, {10, 50}).mean);
  EXPECT_EQ(scores[1].protocol,
            "N=101 against 101 real, 9 features of trunk small, 10 subsets of 50, seed=2020");
}

TEST(FeatureDistances, SayWhereThereIsOneSubset) {
  const auto samples = RandomSamples(101, 9, 5, 2);
  const auto scores = DistanceScores(samples.images, samples.real, {.choice = {.kid = true}});
  EXPECT_EQ(scores[0].protocol, "N=101 against 101 real, 9 features, 1 subset, all rows");
  EXPECT_EQ(scores[0].deviation, 0);
}

TEST(FeatureDistances, RealPicturesThatAreShownAgainCountOnce) {
  const auto samples = RandomSamples(101, 9, 5, 2);
  samples.real.slice(0, 60).copy_(samples.real.slice(0, 0, 41));  // rows again, from 60 on
  auto evaluator = MakeDistances();
  evaluator.Consume(samples);
  const auto scores = evaluator.Finish(WithRealOnce(evaluator.Partial(), 60));
  EXPECT_EQ(scores[0].protocol, "N=101 against 60 real, 9 features of trunk small");
  EXPECT_EQ(scores[1].value,
            DistanceScores(samples.images, samples.real.slice(0, 0, 60),
                           {.choice = {.kid = true}, .kernel = {.subsets = 10, .subset_size = 50}})[0]
                .value);
  const auto whole = evaluator.Finish(WithRealOnce(evaluator.Partial(), 200));
  EXPECT_EQ(whole[0].value, evaluator.Finish(evaluator.Partial())[0].value);
}

TEST(FeatureDistances, SayHowManyPicturesTheyNeed) {
  EXPECT_EQ(DistanceChoice().least_rows(), 0);
  EXPECT_EQ((DistanceChoice{.fid = true}).least_rows(), 2);
  EXPECT_EQ((DistanceChoice{.prdc = true}).least_rows(), 6);
}

TEST(FeatureDistances, OfPicturesThatAreNotFiniteAreNone) {
  auto samples = RandomSamples(101, 9, 5, 2);
  samples.images[3][0] = INFINITY;
  for (const auto& score : ScoreOverRanks(samples, 2, MakeDistances))
    EXPECT_TRUE(std::isnan(score.value)) << score.name;
}

}  // namespace
}  // namespace helio::eval
