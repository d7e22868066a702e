#include "tests/unit/train/faulty_disk.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "src/train/checkpoint_writer.h"
#include "src/train/run_directory.h"
#include "tests/support/error_of.h"
#include "tests/unit/train/scratch.h"

// The checkpoint code on a file system that fails in every place.
namespace helio::train {
namespace {

namespace fs = std::filesystem;

class FaultyDiskTest : public testing::Test {
 protected:
  void SetUp() override { WriteCheckpoint(root_, SmallSnapshot(1)); }
  void TearDown() override { Disk() = {}; }

  // Writes step 2 on the faulty disk; what the system said, or "".
  std::string Write(FaultyDisk faults) const {
    Disk() = faults;
    std::string error;
    try {
      WriteCheckpoint(root_, SmallSnapshot(2));
    } catch (const Error& caught) {
      EXPECT_EQ(caught.kind(), ErrorKind::kSystem) << caught.what();
      error = caught.what();
    }
    Disk() = {};
    return error;
  }

  int64_t Newest() const { return ReadNewestCheckpoint(root_)->step; }
  auto EntriesInRoot() const { return std::distance(fs::directory_iterator(root_), {}); }

  const ScratchFolder scratch_{"faulty_disk"};
  const fs::path root_ = scratch_.path();
};

TEST_F(FaultyDiskTest, ADiskThatFillsUpAtAnyByteIsReportedAndNothingIsLeft) {
  uint64_t total = 0;
  for (const auto& file : fs::directory_iterator(root_ / "step-0000000001")) total += file.file_size();
  for (uint64_t bytes = 0; bytes < total; bytes += 7) {
    EXPECT_NE(Write({.full_after = static_cast<int64_t>(bytes)}).find("No space left"), std::string::npos);
    ASSERT_EQ(EntriesInRoot(), 1) << "leftovers after " << bytes << " bytes";
    ASSERT_EQ(Newest(), 1);
  }
  EXPECT_EQ(Write({.full_after = 1 << 20}), "");
  EXPECT_EQ(Newest(), 2);
}

// The disk says "written" and loses the end: found when the checkpoint is read, not when it is needed most.
TEST_F(FaultyDiskTest, ATornWriteIsFoundByTheReader) {
  uint64_t total = 0;
  for (const auto& file : fs::directory_iterator(root_ / "step-0000000001")) total += file.file_size();
  for (uint64_t bytes = 0; bytes < total; bytes += 7) {
    EXPECT_EQ(Write({.torn_after = static_cast<int64_t>(bytes)}), "");
    ASSERT_EQ(Newest(), 1) << "torn after " << bytes;
  }
}

TEST_F(FaultyDiskTest, EveryFailedSyncAndRenameIsReported) {
  int n = 1;
  for (; !Write({.fail_sync = n}).empty(); ++n) {
    // The very last fsync is the root folder's: the checkpoint may be there already, and whole.
    ASSERT_LE(EntriesInRoot(), 2);
    if (Newest() == 2) fs::remove_all(root_ / "step-0000000002");
  }
  EXPECT_GT(n, 5);
  fs::remove_all(root_ / "step-0000000002");
  for (n = 1; !Write({.fail_rename = n}).empty(); ++n) {
    ASSERT_EQ(Newest(), 1);
    ASSERT_EQ(EntriesInRoot(), 1);
  }
  EXPECT_GT(n, 3);
}

// By an NFS server that hears it twice.
TEST_F(FaultyDiskTest, ARenameThatIsDoneAndRefusedIsDone) {
  for (int n = 1; n < 8; ++n) {
    for (int round = 0; round < 2; ++round) {  // a new one, and one in its place
      EXPECT_EQ(Write({.echo_rename = n, .no_exchange = true}), "") << n << ", " << round;
      EXPECT_EQ(Newest(), 2) << n << ", " << round;
      EXPECT_EQ(EntriesInRoot(), 2) << n << ", " << round;
    }
    fs::remove_all(root_ / "step-0000000002");
  }
  Disk() = {.echo_rename = 1};
  RemoveCheckpoint(ListCheckpoints(root_).front());
  EXPECT_EQ(EntriesInRoot(), 0);
}

TEST_F(FaultyDiskTest, AReplacementThatFailsLeavesTheOneBefore) {
  WriteCheckpoint(root_, SmallSnapshot(2));
  int n = 1;
  for (; !Write({.fail_rename = n, .no_exchange = true}).empty(); ++n) {
    ASSERT_EQ(Newest(), 2) << n;
    ASSERT_EQ(EntriesInRoot(), 2) << n;
  }
  EXPECT_GT(n, 5);
}

TEST_F(FaultyDiskTest, ALostRenameLeavesTheOlderCheckpoint) {
  for (int n = 1; n < 6; ++n) {
    Write({.lose_rename = n});
    RemoveLeftovers(root_);
    const auto newest = ReadNewestCheckpoint(root_);
    ASSERT_TRUE(newest.has_value());
    EXPECT_EQ(newest->tensors.at("model")[0].second[0].item<float>(), static_cast<float>(newest->step));
  }
}

// Nor does it make the newest one an older one: the next start may read it.
TEST_F(FaultyDiskTest, AReadErrorIsNoEmptyRun) {
  WriteCheckpoint(root_, SmallSnapshot(2));
  Disk().fail_reads = true;
  EXPECT_THROW(ReadCheckpoint(root_ / "step-0000000002"), Error);
  const auto error = ErrorIn([&] { ReadNewestCheckpoint(root_); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem) << error->what();
  EXPECT_EQ(ListCheckpoints(root_).size(), 2u);
  Disk() = {};
  EXPECT_EQ(Newest(), 2);
}

// It may be the best one.
TEST_F(FaultyDiskTest, WhatCannotBeReadJustNowIsNotGivenUp) {
  WriteCheckpoint(root_, SmallSnapshot(2));
  const auto entries = ListCheckpoints(root_);
  Disk().fail_reads = true;
  const auto error = ErrorIn([&] { GivenUp(entries, {.keep_last = 1, .keep_best = "r"}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem) << error->what();
}

// On file systems where two names can change places, and on those where they cannot.
class FaultyDiskOfBothKinds : public FaultyDiskTest, public testing::WithParamInterface<bool> {
 protected:
  const bool no_exchange_ = GetParam();
};
INSTANTIATE_TEST_SUITE_P(WithoutExchange, FaultyDiskOfBothKinds, testing::Bool());

// kill -9 before each system call of a write, also of one that replaces a checkpoint of the same step.
TEST_P(FaultyDiskOfBothKinds, DeathAtEveryCallLeavesAWholeCheckpoint) {
  int64_t call = 1;
  for (bool finished = false; !finished; ++call) {
    const pid_t child = ::fork();
    if (child == 0) {
      Disk() = {.no_exchange = no_exchange_, .die_at_call = call};
      auto again = SmallSnapshot(1);
      again.texts["run.flags"] = "--seed=2\n";
      WriteCheckpoint(root_, again);
      WriteCheckpoint(root_, SmallSnapshot(2));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    finished = WIFEXITED(status);
    RemoveLeftovers(root_);
    for (const auto& entry : ListCheckpoints(root_)) ASSERT_NO_THROW(ReadCheckpoint(entry.path)) << call;
    ASSERT_GE(ListCheckpoints(root_).size(), 1u) << call;
    ASSERT_EQ(EntriesInRoot(), static_cast<std::ptrdiff_t>(ListCheckpoints(root_).size())) << call;
    fs::remove_all(root_ / "step-0000000002");
  }
  EXPECT_GT(call, 20);
}

// The power goes before any call of a save, of a new step and of one that was there, and after the last: what
// was not synced is gone. A resume finds the old or the new checkpoint, whole, and after the save the new
// one.
TEST_P(FaultyDiskOfBothKinds, APowerCutAtAnyCallLeavesAWholeCheckpoint) {
  Disk().no_exchange = no_exchange_;
  const ScratchFolder images("power_cut");
  const auto run = root_ / "run", root = run / "checkpoints";
  fs::create_directories(run);
  PowerCut cut;
  cut.Trust(root_);
  int64_t saved = 0, moments = 0;
  const auto look = [&](int64_t least) {
    for (const bool names_survive : {false, true}) {
      const auto image = images.path() / std::to_string(moments) / std::to_string(names_survive);
      cut.Leave(run, image, names_survive);
      RemoveLeftovers(image / "checkpoints");
      const auto newest = ReadNewestCheckpoint(image / "checkpoints");
      ASSERT_EQ(newest.has_value(), least > 0 || newest.has_value()) << "moment " << moments;
      if (!newest) continue;
      ASSERT_GE(newest->step, least) << "moment " << moments << ", names survive: " << names_survive;
      ASSERT_EQ(newest->tensors.at("model")[0].second[0].item<float>(), static_cast<float>(newest->step));
    }
    fs::remove_all(images.path() / std::to_string(moments));
    ++moments;
  };
  for (const int64_t step : {1, 2, 2, 3}) {
    Disk().before_call = [&] { look(saved); };
    WriteCheckpoint(root, SmallSnapshot(step));
    Disk().before_call = nullptr;
    saved = step;
    look(saved);
  }
  EXPECT_GT(moments, 60);
}

TEST_F(FaultyDiskTest, AFileSystemWithoutLocksIsNoOtherJob) {
  for (const int code : {ENOSYS, EOPNOTSUPP, EINVAL, ENOLCK}) {
    Disk().fail_lock = code;
    EXPECT_NO_THROW(RunDirectory{root_ / "run"}) << code;
  }
  Disk().fail_lock = EWOULDBLOCK;
  EXPECT_THROW(RunDirectory{root_ / "run"}, Error);
}

// Where a job has written, the system says what has happened since (ErrorOfErrno).
TEST_F(FaultyDiskTest, AReadOnlyFileSystemIsAMistakeWhereNobodyHasWritten) {
  EXPECT_NO_THROW(RunDirectory{root_ / "run"});
  Disk().read_only = true;
  for (const auto& error : {ErrorIn([&] { RunDirectory{root_ / "new/run"}; }),
                            ErrorIn([&] { CheckCanWrite(root_ / "new/summary.json"); })}) {
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::kUser) << error->what();
    EXPECT_NE(std::string(error->what()).find("is on a read-only file system"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(root_ / "new"));
  EXPECT_NO_THROW(RunDirectory{root_ / "run"});
}

TEST_F(FaultyDiskTest, AFullDiskStopsNeitherTheWriterNorLaterCheckpoints) {
  CheckpointWriter writer(root_, {});
  Disk().full_after = 100;
  writer.Save(SmallSnapshot(2));
  writer.Flush();
  Disk() = {};
  writer.Save(SmallSnapshot(3));
  writer.Flush();
  const auto failure = writer.TakeOutcome(), success = writer.TakeOutcome();
  ASSERT_TRUE(failure && success);  // neither hides the other
  EXPECT_EQ(failure->step, 2);
  EXPECT_NE(failure->error.find("No space left"), std::string::npos);
  EXPECT_EQ(success->step, 3);
  EXPECT_EQ(success->error, "");
  EXPECT_FALSE(writer.TakeOutcome());
  EXPECT_EQ(Newest(), 3);
}

TEST_F(FaultyDiskTest, MetricsLinesSurviveAFullDisk) {
  RunDirectory run(root_ / "run");
  run.AppendMetrics({{"step", 1}});
  for (int64_t bytes : {0, 5, 11}) {
    Disk().full_after = bytes;
    run.AppendMetrics({{"step", 2 + bytes}});
    EXPECT_EQ(ReadFile(root_ / "run/metrics.jsonl"), "{\"step\":1}\n");
  }
  Disk() = {};
  run.AppendMetrics({{"step", 20}});
  EXPECT_EQ(ReadFile(root_ / "run/metrics.jsonl"),
            "{\"step\":1}\n{\"step\":2}\n{\"step\":7}\n{\"step\":13}\n{\"step\":20}\n");
}

}  // namespace
}  // namespace helio::train
