#include "cluster/tag_space.h"

#include <gtest/gtest.h>

#include "src/base/error.h"

namespace helio::cluster {
namespace {

TEST(TagSpaceTest, SlotsDoNotMeetAndStayBelowTheLimit) {
  for (const int limit : {32767, 1 << 23, 1 << 28}) {
    const TagSpace space(limit);
    EXPECT_EQ(space.FirstOf(0), 1);  // 0 is the heartbeat's
    for (int slot = 0; slot < TagSpace::kSlots; ++slot)
      EXPECT_LE(space.FirstOf(slot) + space.width(),
                slot + 1 < TagSpace::kSlots ? space.FirstOf(slot + 1) : limit);
  }
}

TEST(TagSpaceTest, BeginsAnewBeforeTheEndOfItsSlot) {
  const TagSpace space(1 << 23);  // UCX
  TagCounter tags(space, TagSpace::kSlots - 1);
  const int first = space.FirstOf(TagSpace::kSlots - 1);
  EXPECT_EQ(tags.Reserve(space.width() - 3), first);
  EXPECT_EQ(tags.Reserve(2), first + space.width() - 3);
  EXPECT_EQ(tags.Reserve(2), first);  // would have passed the end
  EXPECT_EQ(tags.Reserve(0), first + 2);
  EXPECT_EQ(tags.Reserve(1), first + 3);
  EXPECT_THROW(tags.Reserve(space.width() + 1), Error);
}

TEST(TagSpaceTest, TakesTheLowestSlotThatNobodyUses) {
  EXPECT_EQ(TagSpace::FirstFree({}), 0);
  EXPECT_EQ(TagSpace::FirstFree({0b0001, 0b0110}), 3);
  EXPECT_EQ(TagSpace::FirstFree({~0u >> 1, 0}), 31);
  EXPECT_EQ(TagSpace::FirstFree({~0u}), -1);
}

}  // namespace
}  // namespace helio::cluster
