#include "src/app/dry_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace helio::app {
namespace {

using ::testing::HasSubstr;

DryRunFacts Facts() {
  DryRunFacts facts;
  facts.device = "cuda";
  facts.flagfile = "--batch=10\n";
  facts.ranks = 4;
  facts.rows = 101;
  facts.batch = 10;
  facts.steps = 7;
  facts.steps_per_epoch = 10;
  facts.trained = 100'000'000;
  facts.frozen = 30'000'000;
  facts.averages = 20'000'000;
  facts.pixels = 1'000'000;
  facts.prefetch = 4;
  facts.cached = 500'000;
  return facts;
}

TEST(DryRunTest, CountsStepsRowsAndMemory) {
  const auto text = DryRunText(Facts());
  EXPECT_THAT(text, HasSubstr("--batch=10\n"));
  EXPECT_THAT(
      text,
      HasSubstr("7 steps of 10 images on 4 ranks, at most 3 a rank and step; 10 steps an epoch of 101 rows"));
  EXPECT_THAT(text, HasSubstr("reads 26 rows an epoch"));
  EXPECT_THAT(text, HasSubstr("     200.0 MB  Adam's moments\n"));
  EXPECT_THAT(text, HasSubstr("       3.0 MB  a batch of pictures\n"));
  EXPECT_THAT(text, HasSubstr("     453.0 MB  together\n"));
  EXPECT_THAT(text, HasSubstr("       6.0 MB  batches loaded ahead\n"));
}

TEST(DryRunTest, ShardedMomentsAreDivided) {
  auto facts = Facts();
  facts.shard_optimizer = true;
  EXPECT_THAT(DryRunText(facts), HasSubstr("      50.0 MB  Adam's moments, this rank's share\n"));
}

}  // namespace
}  // namespace helio::app
