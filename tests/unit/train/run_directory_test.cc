#include "src/train/run_directory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "src/train/resume.h"
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
  try {
    const RunDirectory second(root_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another job"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(std::to_string(::getpid())), std::string::npos);
  }
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

TEST_F(RunDirectoryTest, RewindDropsLaterAndTornLines) {
  RunDirectory run(root_);
  for (int step : {1, 2, 3}) run.AppendMetrics({{"step", step}});
  std::ofstream(root_ / "metrics.jsonl", std::ios::app) << "{\"step\": 4, \"lo";
  run.RewindMetrics(2);
  run.AppendMetrics({{"step", 3}, {"again", true}});
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), "{\"step\":1}\n{\"step\":2}\n{\"step\":3,\"again\":true}\n");
}

TEST(FlagDifferences, AreShownAndCanBeAllowedByName) {
  const std::string recorded = "--batch=8\n--rate=0.1\n--old=1\n", now = "--batch=16\n--rate=0.1\n--new=2\n";
  EXPECT_EQ(FlagDifferences(recorded, recorded, ""), "");
  EXPECT_EQ(FlagDifferences(recorded, now, ""),
            "\n  --batch: 8 -> 16\n  --new: (none) -> 2\n  --old: 1 -> (none)");
  EXPECT_EQ(FlagDifferences(recorded, now, "new,old"), "\n  --batch: 8 -> 16");
  EXPECT_EQ(FlagDifferences(recorded, now, "new,old,batch"), "");
  EXPECT_EQ(ContentDifference("data", "a", "a", ""), "");
  EXPECT_EQ(ContentDifference("data", "", "a", ""), "");  // an old checkpoint did not record it
  EXPECT_EQ(ContentDifference("data", "a", "b", "batch"), "\n  --data: content a -> b");
  EXPECT_EQ(ContentDifference("data", "a", "b", "batch,data"), "");
}

}  // namespace
}  // namespace helio::train
