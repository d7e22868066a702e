#include "src/eval/r_precision.h"

#include "src/base/error.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

constexpr int64_t kSize = 12;

torch::Tensor Code(const torch::Tensor& captions, const torch::Tensor&) {
  return torch::sin(captions.to(torch::kFloat32).repeat({1, kSize / 6}) * torch::arange(1, kSize + 1));
}

RPrecision MakeRPrecision() {
  return RPrecision("r_precision", [](const torch::Tensor& x) { return x; }, Code, {99, 10, 3, 100, ""});
}

TEST(RPrecision, PerfectCodesAlwaysFindTheirCaption) {
  auto samples = RandomSamples(400, kSize, 40, 3);
  samples.images = Code(samples.captions, {});
  const auto scores = ScoreOverRanks(samples, 1, MakeRPrecision);
  ASSERT_EQ(scores.size(), 3);
  EXPECT_EQ(scores[0].name, "r_precision_top1");
  EXPECT_DOUBLE_EQ(scores[0].value, 1.0);
}

TEST(RPrecision, SaysWhatTheWrongCaptionsAreOf) {
  auto samples = RandomSamples(200, kSize, 40, 3);
  samples.images = Code(samples.captions, {});
  for (const bool classed : {true, false}) {
    RPrecision evaluator("r_precision", [](const torch::Tensor& x) { return x; }, Code,
                         {.wrong = 9, .classed = classed});
    evaluator.Consume(samples);
    const auto protocol = evaluator.Finish(evaluator.Partial())[0].protocol;
    EXPECT_EQ(protocol, std::string("N=200 candidates=1+9 of other ") + (classed ? "classes" : "pictures") +
                            ", folds=10 seed=100");
  }
}

TEST(RPrecision, RandomCodesAreAtChance) {
  const auto scores = ScoreOverRanks(RandomSamples(2000, kSize, 40, 4), 1, MakeRPrecision);
  EXPECT_NEAR(scores[0].value, 0.01, 0.007);
  EXPECT_NEAR(scores[2].value, 0.03, 0.012);
}

TEST(RPrecision, PerfectCodesOfOthersPicturesAreAtChance) {
  auto samples = RandomSamples(2000, kSize, 40, 3);
  samples.images = Code(samples.captions, {}).index_select(0, torch::randperm(2000));
  const auto scores = ScoreOverRanks(samples, 1, MakeRPrecision);
  EXPECT_NEAR(scores[0].value, 0.01, 0.007);  // 3 deviations of the sampling
  EXPECT_NEAR(scores[2].value, 0.03, 0.012);
}

TEST(RPrecision, TiesCountAgainst) {
  auto samples = RandomSamples(400, kSize, 40, 3);
  samples.captions.fill_(3);
  samples.images = Code(samples.captions, {});
  for (const auto& score : ScoreOverRanks(samples, 1, MakeRPrecision))
    EXPECT_EQ(score.value, 0) << score.name;
}

TEST(RPrecision, CodesThatAreNotFiniteHaveNoScore) {
  for (const double broken : {NAN, INFINITY}) {
    auto samples = RandomSamples(400, kSize, 40, 3);
    samples.images = Code(samples.captions, {});
    samples.images[7] = broken;
    for (const auto& score : ScoreOverRanks(samples, 1, MakeRPrecision)) EXPECT_TRUE(std::isnan(score.value));
  }
}

TEST(RPrecision, IsTheSameForAnyNumberOfRanks) {
  auto samples = RandomSamples(300, kSize, 40, 5);
  samples.images = Code(samples.captions, {}) + 0.5 * samples.images;
  ExpectSameForAnyRanks(samples, MakeRPrecision);
}

TEST(DrawCandidates, AreDifferentRowsOfOtherClasses) {
  const auto classes = torch::arange(200) % 2 + 2 * (torch::arange(200) < 150);
  const auto candidates = DrawCandidates(torch::arange(200), classes, 99, 7);
  for (int64_t row = 0; row < 200; ++row) {
    EXPECT_EQ(candidates[row][0].item<int64_t>(), row);
    const auto wrong = candidates[row].slice(0, 1);
    EXPECT_FALSE((classes.index_select(0, wrong) == classes[row]).any().item<bool>());
    EXPECT_EQ(std::get<0>(at::_unique(wrong)).numel(), 99);
  }
}

TEST(DrawCandidates, DependOnTheSeed) {
  const auto classes = torch::arange(300);
  const auto a = DrawCandidates(classes, classes, 99, 1);
  EXPECT_TRUE(torch::equal(a, DrawCandidates(classes, classes, 99, 1)));
  EXPECT_FALSE(torch::equal(a, DrawCandidates(classes, classes, 99, 2)));
}

TEST(DrawCandidates, SaysWhenThereAreTooFewOtherClasses) {
  EXPECT_THROW(DrawCandidates(torch::arange(100), torch::zeros({100}, torch::kInt64), 99, 1), Error);
}

}  // namespace
}  // namespace helio::eval
