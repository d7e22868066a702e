#include "src/app/training_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "tests/support/error_of.h"

namespace helio::app {
namespace {

using ::testing::HasSubstr;

// What three ranks hear of which rank 1 was also given `more`.
std::string ErrorOfRanks(const OptionValues& more) {
  return ErrorOf([&] {
    cluster::RunThreadRanks(3, [&](cluster::Communicator& communicator) {
      OptionValues given = {{"recipe", "mirrorgan"}, {"log_every", "10"}};
      if (communicator.rank() == 1)
        for (const auto& [name, value] : more) given[name] = value;
      CheckSameJob(Resolve(given), communicator);
    });
  });
}

TEST(CheckSameJobTest, RanksWithOtherOptionsAreNamed) {
  EXPECT_THAT(ErrorOfRanks({{"log_every", "20"}}), HasSubstr("log_every: rank 1 has 20, the others have 10"));
  EXPECT_THAT(ErrorOfRanks({{"metrics_port", "9500"}}),
              HasSubstr("metrics_port: rank 1 has 9500, the others have 0"));
  EXPECT_THAT(ErrorOfRanks({{"negatives", "local"}}), HasSubstr("configuration: rank 1 has "));
}

TEST(CheckSameJobTest, WhatIsOfAHostAloneMayDiffer) {
  EXPECT_EQ(ErrorOfRanks({}), "");
  EXPECT_EQ(ErrorOfRanks({{"threads", "3"}, {"metrics_bind", "10.0.0.1"}}), "");
}

train::SessionOptions ChosenBy(const std::string& keep_best) {
  train::SessionOptions session;
  session.evaluate_every = 2;
  session.retention.keep_best = keep_best;
  return session;
}

TEST(CheckScoresTest, TheBestIsOfAScoreThatThereWillBe) {
  const std::vector<std::string> scores{"inception_score", "fid"};
  for (const auto* best : {"", "fid", "-fid"})
    EXPECT_EQ(ErrorOf([&] { CheckScores(ChosenBy(best), scores, true); }), "") << best;
  EXPECT_THAT(ErrorOf([&] { CheckScores(ChosenBy("inception_scor"), scores, true); }),
              HasSubstr("the scores are inception_score fid"));
}

TEST(CheckScoresTest, WithoutAJudgeThereIsNoBestAndAWarning) {
  EXPECT_THAT(ErrorOf([] { CheckScores(ChosenBy("r_precision_top1"), {}, true); }),
              HasSubstr("nothing judges"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(ErrorOf([] { CheckScores(ChosenBy(""), {}, true); }), "");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--evaluate_every: nothing judges here"));
}

TEST(CheckChainTest, UpdatesAreOfASystemThatMakesThem) {
  const OptionValues given{{"iterations", "20"}, {"epsilon1", "0.01"}, {"images", "64"}};
  EXPECT_EQ(ErrorOf([&] { CheckChain("ppgn", given); }), "");
  EXPECT_THAT(ErrorOf([&] { CheckChain("mirrorgan", given); }), HasSubstr("--iterations"));
}

}  // namespace
}  // namespace helio::app
