#include "cluster/beat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace helio::cluster {
namespace {

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
  EXPECT_THAT(DescribeAbsent(3, "node2", peer, now, 3), ::testing::HasSubstr("silent for 4.2 s"));
}

}  // namespace
}  // namespace helio::cluster
