#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/beat.h"
#include "cluster/straggler.h"
#include "cluster/sub_world.h"
#include "cluster/thread_communicator.h"
#include "src/base/error.h"
#include "src/base/tensor.h"
#include "tests/support/faulty_communicator.h"

namespace helio::cluster {
namespace {

using ::testing::AllOf;
using testing::Fault;
using ::testing::HasSubstr;

std::string FailureOf(int ranks, const Fault& fault, double deadline) {
  try {
    RunThreadRanks(ranks,
                   [&](Communicator& world) {
                     const auto c = testing::MakeFaulty(world, fault);
                     for (int64_t step = 0; step < 5; ++step) {
                       c->BeginStep(step);
                       auto value = torch::ones({3});
                       c->AllReduce(value, Reduce::kSum, "g/0").Wait();
                     }
                   },
                   {deadline, deadline});
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 75);
    return error.what();
  }
  return "";
}

TEST(FailureTest, NoFaultNoFailure) { EXPECT_EQ(FailureOf(3, {}, 5), ""); }

TEST(FailureTest, ADelayWithinTheDeadlineIsHarmless) {
  EXPECT_EQ(FailureOf(3, {Fault::Kind::kDelay, 1, 3, 0.1}, 5), "");
}

TEST(FailureTest, AnExceptionEndsAllRanksAtOnce) {
  const auto begin = Clock::now();
  EXPECT_THAT(FailureOf(4, {Fault::Kind::kFail, 2, 3}, 30), HasSubstr("injected failure"));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
}

TEST(FailureTest, AMissedDeadlineNamesCollectiveStepAndRank) {
  EXPECT_THAT(FailureOf(3, {Fault::Kind::kDelay, 1, 4, 1.0}, 0.3),
              AllOf(HasSubstr("all_reduce #4 'g/0' of world at step 3"), HasSubstr("missing: rank 1"),
                    HasSubstr("last seen: all_reduce #3")));
}

TEST(DescribeAbsentTest, TellsSilentFromBusy) {
  const auto now = Clock::now();
  Peer peer;
  peer.beat.step = 7;
  SetText(peer.beat.last, "all_reduce #9 of world at step 7");
  peer.heard = now - std::chrono::milliseconds(500);
  EXPECT_EQ(
      DescribeAbsent(3, "node2", peer, now, 3),
      "rank 3 on node2 (alive, but busy elsewhere; at step 7, after its call of all_reduce #9 of world at "
      "step 7)");
  peer.heard = now - std::chrono::milliseconds(4200);
  EXPECT_THAT(DescribeAbsent(3, "node2", peer, now, 3), HasSubstr("silent for 4.2 s"));
}

TEST(SubWorldTest, NumbersRanksAndHostsAnew) {
  const World own{5, 6, 1, 2, 2, 3};  // rank 5 of 6, two a host
  const auto world = SubWorld(own, {0, 1, 0, 1, 0, 1}, {0, 0, 1, 1, 2, 2});
  EXPECT_EQ(world.rank, 2);
  EXPECT_EQ(world.size, 3);
  EXPECT_EQ(world.local_rank, 0);
  EXPECT_EQ(world.local_size, 1);
  EXPECT_EQ(world.node, 2);
  EXPECT_EQ(world.nodes, 3);
  EXPECT_EQ(MembersOf({0, 1, 0, 1, 0, 1}, 1), (std::vector<int>{1, 3, 5}));
}

TEST(StragglerTest, IsAboveTheMedianTimesTheFactor) {
  EXPECT_EQ(FindStragglers({1, 1.2, 1.6, 0.9, 1.49}, 1.5).stragglers, std::vector<int>{});
  const auto report = FindStragglers({1, 1, 1.51, 1, 9}, 1.5);
  EXPECT_EQ(report.median, 1);
  EXPECT_EQ(report.stragglers, (std::vector<int>{2, 4}));
}

}  // namespace
}  // namespace helio::cluster
