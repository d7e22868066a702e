#include "src/train/run_directory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "src/train/resume.h"
#include "tests/support/error_of.h"
#include "tests/unit/train/scratch.h"

namespace helio::train {
namespace {

class RunDirectoryTest : public testing::Test {
 protected:
  const ScratchFolder scratch_{"run_directory"};
  const std::filesystem::path root_ = scratch_.path();
};

TEST_F(RunDirectoryTest, ASecondJobIsRefused) {
  const RunDirectory first(root_);
  const auto said = ErrorOf([&] { const RunDirectory second(root_); });
  EXPECT_NE(said.find("another job"), std::string::npos) << said;
  EXPECT_NE(said.find(std::to_string(::getpid())), std::string::npos) << said;
}

TEST_F(RunDirectoryTest, TheLockGoesWithAKilledHolder) {
  const pid_t child = ::fork();
  if (child == 0) {
    new RunDirectory(root_);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_NO_THROW(RunDirectory{root_});
}

TEST_F(RunDirectoryTest, AFolderThatIsRemovedIsLockedAgain) {
  RunDirectory run(root_);
  run.AppendMetrics({{"step", 1}});
  EXPECT_FALSE(run.MakeAgainIfRemoved());
  std::filesystem::remove_all(root_);
  EXPECT_TRUE(run.MakeAgainIfRemoved());
  EXPECT_FALSE(run.MakeAgainIfRemoved());
  EXPECT_THROW(RunDirectory{root_}, Error);
  run.AppendMetrics({{"step", 2}});
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), "{\"step\":2}\n");
}

TEST_F(RunDirectoryTest, AFolderThatAnotherJobHasByNowIsLeftToIt) {
  RunDirectory run(root_);
  std::filesystem::remove_all(root_);
  const RunDirectory other(root_);
  EXPECT_THROW(run.MakeAgainIfRemoved(), Error);
}

TEST_F(RunDirectoryTest, RewindDropsLaterAndTornLines) {
  RunDirectory run(root_);
  for (int step : {1, 2, 3}) run.AppendMetrics({{"step", step}});
  std::ofstream(root_ / "metrics.jsonl", std::ios::app) << "{\"step\": 4, \"lo";
  run.RewindMetrics(2);
  run.AppendMetrics({{"step", 3}, {"again", true}});
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), "{\"step\":1}\n{\"step\":2}\n{\"step\":3,\"again\":true}\n");
}

TEST_F(RunDirectoryTest, TextNeedNotBeUtf8) {
  RunDirectory run(root_);
  run.AppendMetrics({{"protocol", "caf\xE9"}});
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), "{\"protocol\":\"caf\xEF\xBF\xBD\"}\n");
}

TEST_F(RunDirectoryTest, LinesOfOtherHandsStay) {
  RunDirectory run(root_);
  const std::string line = "{\"note\":1,\"step\":\"four\"}\n";
  std::ofstream(root_ / "metrics.jsonl") << line << "{\"step\":4}\n";
  run.RewindMetrics(2);
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), line);
}

TEST_F(RunDirectoryTest, TheRecordOfAnotherRunIsKept) {
  RunDirectory run(root_);
  for (int round = 1; round <= 2; ++round) {
    run.AppendMetrics({{"round", round}});
    std::filesystem::create_directory(root_ / "samples");
    run.SetAsideRecord();
  }
  run.AppendMetrics({{"round", 3}});
  EXPECT_EQ(ReadFile(root_ / "set-aside/metrics-2.jsonl"), "{\"round\":2}\n");
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), "{\"round\":3}\n");
  EXPECT_TRUE(Exists(root_ / "set-aside/samples-1"));
}

TEST(FlagDifferences, AreShownAndCanBeAllowedByName) {
  const std::string recorded = "--batch=8\n--old=1\n--rate=0.1\n";
  const std::string defaults = "--batch=20\n--new=2\n--rate=1\n";
  const auto differences = [&](const std::string& now, const std::string& allowed) {
    return FlagDifferences(recorded, {.flags = now, .defaults = defaults}, allowed);
  };
  EXPECT_EQ(differences(recorded, ""), "");
  EXPECT_EQ(differences("--batch=16\n--new=2\n--rate=0.10000000000000001\n", ""), "\n  --batch: 8 -> 16");
  EXPECT_EQ(differences("--batch=16\n--new=3\n--rate=0.1\n", "batch"), "\n  --new: 2 -> 3");
  EXPECT_EQ(differences("--batch=16\n--new=3\n--rate=0.1\n", "new,batch"), "");
}

}  // namespace
}  // namespace helio::train
