#include "cluster/sub_world.h"

#include <gtest/gtest.h>

namespace helio::cluster {
namespace {

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

TEST(WorldOfHostsTest, TheLastHostHasWhatIsLeft) {
  const auto first = WorldOfHosts(1, 5, 2), last = WorldOfHosts(4, 5, 2);
  EXPECT_EQ(first.local_rank, 1);
  EXPECT_EQ(first.local_size, 2);
  EXPECT_EQ(first.node, 0);
  EXPECT_EQ(last.rank, 4);
  EXPECT_EQ(last.size, 5);
  EXPECT_EQ(last.local_rank, 0);
  EXPECT_EQ(last.local_size, 1);
  EXPECT_EQ(last.node, 2);
  EXPECT_EQ(last.nodes, 3);
}

}  // namespace
}  // namespace helio::cluster
