#include "cluster/straggler.h"

#include <gtest/gtest.h>

namespace helio::cluster {
namespace {

TEST(StragglerTest, IsAboveTheMedianTimesTheFactor) {
  EXPECT_EQ(FindStragglers({1, 1.2, 1.6, 0.9, 1.49}, 1.5).stragglers, std::vector<int>{});
  const auto report = FindStragglers({1, 1, 1.51, 1, 9}, 1.5);
  EXPECT_EQ(report.median, 1);
  EXPECT_EQ(report.stragglers, (std::vector<int>{2, 4}));
}

}  // namespace
}  // namespace helio::cluster
