#include "src/app/dry_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/allocation_peak.h"

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
  facts.loaded = 500'000;
  facts.trial_two = 50'000'000;
  facts.trial_four = 90'000'000;
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
  EXPECT_THAT(text, HasSubstr("       3.0 MB  a step's pictures\n"));
  EXPECT_THAT(text, HasSubstr("      70.0 MB  activations of 3 rows at once"));
  EXPECT_THAT(text, HasSubstr("     523.0 MB  together"));
  EXPECT_THAT(text, HasSubstr("       6.0 MB  batches loaded ahead\n"));
  EXPECT_THAT(text,
              HasSubstr("     320.0 MB  the copy that a checkpoint is written from (rank 0), in page-locked "
                        "memory: up to twice as much, and kept\n"));
}

TEST(DryRunTest, OnACpuACheckpointsCopyIsAsLargeAsItsTensors) {
  auto facts = Facts();
  facts.device = "cpu";
  EXPECT_THAT(DryRunText(facts),
              HasSubstr("     320.0 MB  the copy that a checkpoint is written from (rank 0)\n"));
}

TEST(DryRunTest, AMicroBatchIsWhatHasActivations) {
  auto facts = Facts();
  facts.batch = 40;
  facts.accumulate = 2;
  EXPECT_THAT(DryRunText(facts), HasSubstr("     110.0 MB  activations of 5 rows at once"));
}

TEST(DryRunTest, ShardedMomentsAreDivided) {
  auto facts = Facts();
  facts.shard_optimizer = true;
  EXPECT_THAT(DryRunText(facts), HasSubstr("      50.0 MB  Adam's moments, this rank's share\n"));
}

TEST(AllocationPeakTest, SeesTheMostThatWasHeldAtOnce) {
  const auto before = torch::zeros({1000});
  const AllocationPeak peak;
  { const auto first = torch::zeros({1'000'000}); }
  const auto second = torch::zeros({1'500'000});
  EXPECT_GE(peak.bytes(), 6'000'000);
  EXPECT_LT(peak.bytes(), 6'500'000);
}

}  // namespace
}  // namespace helio::app
