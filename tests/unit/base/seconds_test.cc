#include "src/base/seconds.h"

#include <gtest/gtest.h>

#include <limits>

namespace helio {
namespace {

TEST(SecondsTest, ADeadlineHoweverLongLiesAhead) {
  for (const double seconds : {1e9, 9.3e9, 1e10, 1e300, std::numeric_limits<double>::infinity()})
    EXPECT_GT(Clock::now() + FromSeconds(seconds), Clock::now() + std::chrono::hours(24 * 365 * 30))
        << seconds;
}

TEST(SecondsTest, ShortOnesAreWhatTheySay) {
  EXPECT_EQ(FromSeconds(1.5), std::chrono::milliseconds(1500));
  EXPECT_EQ(FromSeconds(-2), std::chrono::seconds(-2));
}

}  // namespace
}  // namespace helio
