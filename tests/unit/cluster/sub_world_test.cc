#include "cluster/sub_world.h"

#include <gtest/gtest.h>

namespace helio::cluster {
namespace {

void ExpectWorld(const World& world, const World& expected) {
  EXPECT_EQ(world.rank, expected.rank);
  EXPECT_EQ(world.size, expected.size);
  EXPECT_EQ(world.local_rank, expected.local_rank);
  EXPECT_EQ(world.local_size, expected.local_size);
  EXPECT_EQ(world.host, expected.host);
  EXPECT_EQ(world.hosts, expected.hosts);
}

TEST(SubWorldTest, NumbersRanksAndHostsAnew) {
  const World own{5, 6, 1, 2, 2, 3};  // rank 5 of 6, two a host
  // Rank 2 of 3, alone on the last of three hosts.
  ExpectWorld(SubWorld(own, {0, 1, 0, 1, 0, 1}, {0, 0, 1, 1, 2, 2}), {2, 3, 0, 1, 2, 3});
  EXPECT_EQ(MembersOf({0, 1, 0, 1, 0, 1}, 1), (std::vector<int>{1, 3, 5}));
}

TEST(WorldOfHostsTest, TheLastHostHasWhatIsLeft) {
  ExpectWorld(WorldOfHosts(1, 5, 2), {1, 5, 1, 2, 0, 3});
  ExpectWorld(WorldOfHosts(4, 5, 2), {4, 5, 0, 1, 2, 3});
}

}  // namespace
}  // namespace helio::cluster
