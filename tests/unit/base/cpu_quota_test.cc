#include "src/base/cpu_quota.h"

#include <gtest/gtest.h>

#include "tests/support/fake_containers.h"

namespace helio {
namespace {

using Cpus = std::vector<double>;

class CpuQuotaTest : public testing::Test {
 protected:
  Cpus Found(const std::string& container = "a") const {
    Cpus cpus;
    for (const auto& [group, value] : CpuQuotas(containers_.path(container))) cpus.push_back(value);
    std::ranges::sort(cpus);
    return cpus;
  }

  const FakeContainers containers_{"cpu_quota"};
};

TEST_F(CpuQuotaTest, NothingIsReadNothingIsLimited) { EXPECT_EQ(Found(), Cpus{}); }

TEST_F(CpuQuotaTest, TheGroupsAboveLimitToo) {
  containers_.Unified("a", "/pods/one/box");
  containers_.Limit("/pods/one/box", "max 100000");
  containers_.Limit("/pods/one", "400000 100000");
  containers_.Limit("/pods", "75000 50000");
  containers_.Limit("/others", "10000 100000");
  EXPECT_EQ(Found(), (Cpus{1.5, 4}));
}

// With a namespace of its own a container sees its group as the topmost one.
TEST_F(CpuQuotaTest, AContainersTopmostGroupHasALimit) {
  containers_.Unified("a", "/");
  containers_.Limit("", "300000 100000");
  EXPECT_EQ(Found(), Cpus{3});
}

TEST_F(CpuQuotaTest, AGroupOutsideOfTheMountIsReadAtTheMount) {
  containers_.Unified("a", "/../other");
  containers_.Limit("", "200000 100000");
  EXPECT_EQ(Found(), Cpus{2});
}

TEST_F(CpuQuotaTest, VersionOneWithoutANamespace) {
  containers_.Write("a/proc/self/cgroup",
                    "9:memory:/docker/c\n4:cpu,cpuacct:/docker/c/job\n3:cpuset:/docker/c\n0::/x\n");
  containers_.Write("a/proc/self/mountinfo",
                    "31 22 0:27 /docker/c /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                    "32 22 0:28 /docker/c /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  const std::string cpu = "a/sys/fs/cgroup/cpu,cpuacct/";
  containers_.Write(cpu + "cpu.cfs_quota_us", "250000\n");
  containers_.Write(cpu + "cpu.cfs_period_us", "100000\n");
  containers_.Write(cpu + "job/cpu.cfs_quota_us", "-1\n");
  containers_.Write(cpu + "job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Found(), Cpus{2.5});
}

// Two ranks in a container each, below one group: what that one allows is divided, their own is not.
TEST_F(CpuQuotaTest, TheRanksUnderALimitDivideIt) {
  containers_.Unified("a", "/pod/one");
  containers_.Unified("b", "/pod/two");
  std::filesystem::create_directory_symlink(containers_.path("a") / "sys", containers_.path("b") / "sys");
  containers_.Limit("/pod", "400000 100000");
  containers_.Limit("/pod/one", "100000 100000");
  containers_.Limit("/pod/two", "200000 100000");
  EXPECT_EQ(Found("b"), (Cpus{2, 4}));
  const auto one = CpuQuotas(containers_.path("a")), two = CpuQuotas(containers_.path("b"));
  EXPECT_EQ(std::ranges::count_if(one, [&](const auto& entry) { return two.contains(entry.first); }), 1);
}

}  // namespace
}  // namespace helio
