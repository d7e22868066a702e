#include "cluster/cpu_quota.h"

#include <gtest/gtest.h>

#include "cluster/cores.h"
#include "cluster/thread_communicator.h"
#include "src/base/file_system.h"
#include "tests/support/scratch_folder.h"

// On folders that look like /proc and /sys of a container.
namespace helio::cluster {
namespace {

namespace fs = std::filesystem;

class CpuQuotaTest : public testing::Test {
 protected:
  void Write(const fs::path& path, const std::string& text) const {
    MakeFolders((scratch_.path() / path).parent_path());
    WriteFileAtomically(scratch_.path() / path, text);
  }

  // A host of version 2 (no file of limits in the topmost group) in whose `group` the process `root` is.
  void Unified(const std::string& root, const std::string& group, const std::string& mounted = "/") const {
    Write(root + "/proc/self/cgroup", "0::" + group + "\n");
    Write(root + "/proc/self/mountinfo",
          "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
          "30 22 0:26 " +
              mounted + " /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n");
  }

  void Limit(const std::string& group, const std::string& text) const {
    Write("a/sys/fs/cgroup" + group + "/cpu.max", text + "\n");
  }

  std::vector<double> Found(const std::string& root = "a") const {
    std::vector<double> cpus;
    for (const auto& [group, value] : CpuQuotas(scratch_.path() / root)) cpus.push_back(value);
    std::ranges::sort(cpus);
    return cpus;
  }

  const ScratchFolder scratch_{"cpu_quota"};
};

using Cpus = std::vector<double>;

TEST_F(CpuQuotaTest, NothingIsReadNothingIsLimited) { EXPECT_EQ(Found(), Cpus{}); }

TEST_F(CpuQuotaTest, TheGroupsAboveLimitToo) {
  Unified("a", "/pods/one/box");
  Limit("/pods/one/box", "max 100000");
  Limit("/pods/one", "400000 100000");
  Limit("/pods", "75000 50000");
  Limit("/others", "10000 100000");
  EXPECT_EQ(Found(), (Cpus{1.5, 4}));
}

// With a namespace of its own a container sees its group as the topmost one.
TEST_F(CpuQuotaTest, AContainersTopmostGroupHasALimit) {
  Unified("a", "/");
  Limit("", "300000 100000");
  EXPECT_EQ(Found(), Cpus{3});
}

TEST_F(CpuQuotaTest, AGroupOutsideOfTheMountIsReadAtTheMount) {
  Unified("a", "/../other");
  Limit("", "200000 100000");
  EXPECT_EQ(Found(), Cpus{2});
}

TEST_F(CpuQuotaTest, VersionOneWithoutANamespace) {
  Write("a/proc/self/cgroup", "9:memory:/docker/c\n4:cpu,cpuacct:/docker/c/job\n3:cpuset:/docker/c\n0::/x\n");
  Write("a/proc/self/mountinfo",
        "31 22 0:27 /docker/c /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 22 0:28 /docker/c /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  const std::string cpu = "a/sys/fs/cgroup/cpu,cpuacct/";
  Write(cpu + "cpu.cfs_quota_us", "250000\n");
  Write(cpu + "cpu.cfs_period_us", "100000\n");
  Write(cpu + "job/cpu.cfs_quota_us", "-1\n");
  Write(cpu + "job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Found(), Cpus{2.5});
}

TEST_F(CpuQuotaTest, ALimitOfOneProcessorIsOneThread) {
  Unified("a", "/box");
  Limit("/box", "150000 100000");
  RunThreadRanks(1, [&](Communicator& c) { EXPECT_EQ(CoresOfRank(c, scratch_.path() / "a"), 1); });
}

// Two ranks in a container each, below one group: what that one allows is divided, their own is not.
TEST_F(CpuQuotaTest, TheRanksUnderALimitDivideIt) {
  Unified("a", "/pod/one");
  Unified("b", "/pod/two");
  fs::create_directory_symlink(scratch_.path() / "a/sys", scratch_.path() / "b/sys");
  Limit("/pod", "400000 100000");
  Limit("/pod/one", "100000 100000");
  Limit("/pod/two", "200000 100000");
  EXPECT_EQ(Found("b"), (Cpus{2, 4}));
  const auto one = CpuQuotas(scratch_.path() / "a"), two = CpuQuotas(scratch_.path() / "b");
  EXPECT_EQ(std::ranges::count_if(one, [&](const auto& entry) { return two.contains(entry.first); }), 1);
}

TEST_F(CpuQuotaTest, NoRankHasMoreThanItsShareOfALimit) {
  Unified("a", "/box");
  Limit("/box", "200000 100000");
  RunThreadRanks(
      2, [&](Communicator& c) { EXPECT_EQ(CoresOfRank(c, scratch_.path() / "a"), 1); }, {60, 60}, 2);
}

}  // namespace
}  // namespace helio::cluster
