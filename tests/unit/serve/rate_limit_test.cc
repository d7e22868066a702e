#include "src/serve/rate_limit.h"

#include <gtest/gtest.h>

namespace helio::serve {
namespace {

TEST(RateLimit, FillsEvenlyAgain) {
  RateLimit limit(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.Admit("a", 100), 0);
  EXPECT_DOUBLE_EQ(limit.Admit("a", 100), 20);
  EXPECT_DOUBLE_EQ(limit.Admit("a", 110), 10);
  EXPECT_EQ(limit.Admit("a", 120), 0);
  EXPECT_GT(limit.Admit("a", 120), 0);
}

TEST(RateLimit, IsOfEachAddress) {
  RateLimit limit(1);
  EXPECT_EQ(limit.Admit("a", 0), 0);
  EXPECT_GT(limit.Admit("a", 0), 0);
  EXPECT_EQ(limit.Admit("b", 0), 0);
}

TEST(RateLimit, NeverGathersMoreThanAMinute) {
  RateLimit limit(2);
  EXPECT_EQ(limit.Admit("a", 0), 0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limit.Admit("a", 1e6), 0);
  EXPECT_GT(limit.Admit("a", 1e6), 0);
}

TEST(RateLimit, ManyAddressesDoNotLetOneThroughThatAskedJustNow) {
  RateLimit limit(1);
  for (int i = 0; i < 4'600; ++i) EXPECT_EQ(limit.Admit(std::to_string(i), i * 1e-6), 0);
  EXPECT_GT(limit.Admit("4599", 0.01), 0);
}

}  // namespace
}  // namespace helio::serve
