#include "src/base/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "src/base/error.h"
#include "src/base/seconds.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio {
namespace {

class FolderLockTest : public testing::Test {
 protected:
  ~FolderLockTest() override {
    ::unsetenv("HELIO_LOCK_PATIENCE");
    ::unsetenv("SLURM_RESTART_COUNT");
  }

  // What a second one for the same folder fails with.
  std::optional<ErrorKind> FailureOfASecond(double patience) {
    try {
      const FolderLock second(scratch_.path(), "wait for it", patience);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("is writing here (wait for it)"), std::string::npos);
      return error.kind();
    }
    return std::nullopt;
  }

  const ScratchFolder scratch_{"folder_lock"};
};

TEST_F(FolderLockTest, WithoutPatienceASecondOneIsAMistakeAtOnce) {
  const FolderLock first(scratch_.path(), "", 0);
  const auto start = Clock::now();
  EXPECT_EQ(FailureOfASecond(0), ErrorKind::kUser);
  EXPECT_LT(SecondsSince(start), 30);
}

TEST_F(FolderLockTest, AHolderThatStaysIsTheClustersOnceThePatienceIsUsedUp) {
  const FolderLock first(scratch_.path(), "", 0);
  EXPECT_EQ(FailureOfASecond(0.3), ErrorKind::kCluster);
}

TEST_F(FolderLockTest, AHolderThatEndsIsWaitedFor) {
  auto first = std::make_unique<FolderLock>(scratch_.path(), "", 0);
  std::thread ending([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    first.reset();
  });
  EXPECT_EQ(FailureOfASecond(600), std::nullopt);
  ending.join();
}

// While it lives this process opens no more files.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(FolderLockTest, AHostWithoutMoreFilesIsTheSystems) {
  std::optional<Error> error;
  {
    const NoMoreFiles none;
    error = ErrorIn([&] { FolderLock(scratch_.path(), "", 0); });
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem);
  EXPECT_NE(std::string(error->what()).find(".lock: cannot be opened: Too many open files"),
            std::string::npos)
      << error->what();
}

TEST_F(FolderLockTest, AFolderOfThatNameIsTheUsers) {
  std::filesystem::create_directory(scratch_.path() / ".lock");
  const auto error = ErrorIn([&] { FolderLock(scratch_.path(), "", 0); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kUser);
}

TEST_F(FolderLockTest, OnlyAJobThatWasStartedAgainIsPatient) {
  EXPECT_EQ(LockPatience(), 0);
  ::setenv("SLURM_RESTART_COUNT", "0", 1);
  EXPECT_EQ(LockPatience(), 0);
  ::setenv("SLURM_RESTART_COUNT", "1", 1);
  EXPECT_EQ(LockPatience(), 60);
  ::setenv("HELIO_LOCK_PATIENCE", "5", 1);
  EXPECT_EQ(LockPatience(), 5);
  ::setenv("HELIO_LOCK_PATIENCE", "words", 1);
  EXPECT_EQ(LockPatience(), 0);
}

}  // namespace
}  // namespace helio
