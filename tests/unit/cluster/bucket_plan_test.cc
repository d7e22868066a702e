#include "cluster/bucket_plan.h"

#include <gtest/gtest.h>

#include "src/base/random.h"

namespace helio::cluster {
namespace {

std::vector<std::pair<int64_t, int64_t>> Ranges(const std::vector<int64_t>& offsets, int64_t total,
                                                const BucketLimits& limits) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const auto& bucket : PlanBuckets(offsets, total, limits))
    ranges.emplace_back(bucket.begin, bucket.end);
  return ranges;
}

using Expected = std::vector<std::pair<int64_t, int64_t>>;

TEST(BucketPlanTest, StartsWithTheLastSlotsAndASmallBucket) {
  EXPECT_EQ(Ranges({0, 10, 20, 30, 40, 50}, 64, {10, 25}), (Expected{{50, 64}, {20, 50}, {0, 20}}));
}

TEST(BucketPlanTest, AHugeSlotIsOneBucket) {
  EXPECT_EQ(Ranges({0, 4, 1004}, 1010, {1, 8}), (Expected{{1004, 1010}, {4, 1004}, {0, 4}}));
}

TEST(BucketPlanTest, OneSlotIsOneBucket) { EXPECT_EQ(Ranges({0}, 3, {100, 100}), (Expected{{0, 3}})); }

// Whatever the sizes: contiguous, complete, in descending order, every slot in exactly one bucket, and no
// bucket longer than it must be.
TEST(BucketPlanTest, CoversEverythingOnce) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    RandomStream random(seed);
    std::vector<int64_t> offsets{0};
    for (uint64_t i = 0; i < seed % 17; ++i) offsets.push_back(offsets.back() + 1 + random.Below(50));
    const int64_t total = offsets.back() + 7;
    const BucketLimits limits{static_cast<int64_t>(1 + seed % 20), static_cast<int64_t>(1 + seed % 60)};
    const auto plan = PlanBuckets(offsets, total, limits);
    int64_t end = total;
    size_t slot = offsets.size();
    for (size_t i = 0; i < plan.size(); ++i) {
      EXPECT_EQ(plan[i].end, end);
      EXPECT_EQ(plan[i].last_slot + 1, slot);
      EXPECT_EQ(plan[i].begin, offsets[plan[i].first_slot]);
      const int64_t limit = i == 0 ? limits.first_elements : limits.elements;
      if (plan[i].first_slot < plan[i].last_slot) {
        EXPECT_LT(plan[i].end - offsets[plan[i].first_slot + 1], limit) << "closed too late";
      }
      end = plan[i].begin;
      slot = plan[i].first_slot;
    }
    EXPECT_EQ(end, 0);
    EXPECT_EQ(slot, 0u);
  }
}

}  // namespace
}  // namespace helio::cluster
