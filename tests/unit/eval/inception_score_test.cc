#include "src/eval/inception_score.h"

#include "src/base/error.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

InceptionScore MakeInceptionScore() {
  return InceptionScore("inception_score", [](const torch::Tensor& x) { return x.softmax(1); },
                        {10, 2020, "test@0"});
}

TEST(InceptionScore, CertainAndDiverseGivesTheNumberOfClasses) {
  const auto certain = torch::eye(4).repeat({10, 1});
  EXPECT_NEAR(InceptionScoreOf(certain, 10).mean, 4.0, 1e-12);
}

TEST(InceptionScore, UndecidedGivesOne) {
  EXPECT_NEAR(InceptionScoreOf(torch::full({20, 5}, 0.2), 10).mean, 1.0, 1e-7);
}

TEST(InceptionScore, NeedsAPictureASplit) { EXPECT_THROW(InceptionScoreOf(torch::ones({9, 3}), 10), Error); }

TEST(InceptionScore, IsTheSameForAnyNumberOfRanks) {
  ExpectSameForAnyRanks(RandomSamples(97, 7, 5, 1), MakeInceptionScore);
}

TEST(InceptionScore, ProtocolNamesWhatTheNumberDependsOn) {
  const auto scores = ScoreOverRanks(RandomSamples(50, 7, 5, 1), 1, MakeInceptionScore);
  EXPECT_EQ(scores[0].protocol, "N=50 splits=10 classes=7 shuffle_seed=2020 judge=test@0");
}

}  // namespace
}  // namespace helio::eval
