#include "cluster/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "cluster/thread_communicator.h"
#include "tests/support/fake_containers.h"

namespace helio::cluster {
namespace {

constexpr const char* kNoQuotas = "/nonexistent";  // this machine's are left out

cpu_set_t OwnSet() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return set;
}

int ProcessorsOfThisThread() {
  const auto set = OwnSet();
  return CPU_COUNT(&set);
}

// To the n-th of the processors it may use.
void Bind(int n) {
  const auto own = OwnSet();
  size_t processor = 0;
  while (!CPU_ISSET(processor, &own) || n-- > 0) ++processor;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
}

void ExpectCores(int ranks, int ranks_per_host, int expected) {
  RunThreadRanks(
      ranks, [expected](Communicator& c) { EXPECT_EQ(CoresOfRank(c, kNoQuotas), expected); }, {60, 60},
      ranks_per_host);
}

TEST(CoresTest, TheRanksOfAHostDivideWhatTheyShare) {
  const int all = ProcessorsOfThisThread();
  ExpectCores(1, 1, all);
  ExpectCores(2, 2, std::max(1, all / 2));
  ExpectCores(2, 1, all);  // a host each
}

TEST(CoresTest, WhoIsBoundToAProcessorHasOne) {
  if (ProcessorsOfThisThread() < 2) GTEST_SKIP() << "one processor";
  RunThreadRanks(
      2,
      [](Communicator& c) {
        Bind(c.rank());
        EXPECT_EQ(CoresOfRank(c, kNoQuotas), 1);
      },
      {60, 60}, 2);
}

TEST(CoresTest, NoRankHasMoreThanItsShareOfALimit) {
  const FakeContainers containers("cores");
  containers.Unified("a", "/box");
  containers.Limit("/box", "200000 100000");
  RunThreadRanks(
      2, [&](Communicator& c) { EXPECT_EQ(CoresOfRank(c, containers.path()), 1); }, {60, 60}, 2);
}

TEST(CoresTest, ALimitOfOneProcessorIsOneThread) {
  const FakeContainers containers("cores");
  containers.Unified("a", "/box");
  containers.Limit("/box", "150000 100000");
  RunThreadRanks(1, [&](Communicator& c) { EXPECT_EQ(CoresOfRank(c, containers.path()), 1); });
}

TEST(CoresTest, NoRankHasMoreThanItsSlurmJobAskedFor) {
  if (ProcessorsOfThisThread() < 2) GTEST_SKIP() << "one processor";
  ::setenv("SLURM_CPUS_PER_TASK", "1", 1);
  ExpectCores(1, 1, 1);
  ::setenv("SLURM_CPUS_PER_TASK", "100000", 1);  // more than there are
  ExpectCores(1, 1, ProcessorsOfThisThread());
  ::unsetenv("SLURM_CPUS_PER_TASK");
  ExpectCores(1, 1, ProcessorsOfThisThread());
}

}  // namespace
}  // namespace helio::cluster
