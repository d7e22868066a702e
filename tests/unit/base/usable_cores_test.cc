#include "src/base/usable_cores.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fake_containers.h"

namespace helio {
namespace {

TEST(UsableCoresTest, WithoutALimitAllThatAreAllowed) {
  const auto processors = AllowedProcessors();
  EXPECT_EQ(UsableCores("/nonexistent"), std::ranges::count(processors, '1'));
}

TEST(UsableCoresTest, ALimitOfCpuTimeIsRoundedDown) {
  const FakeContainers containers("usable_cores");
  containers.Unified("a", "/box");
  containers.Limit("/box", "199000 100000");
  EXPECT_EQ(UsableCores(containers.path()), 1);
  containers.Limit("/box", "10000 100000");
  EXPECT_EQ(UsableCores(containers.path()), 1) << "never none";
}

TEST(UsableCoresTest, ALimitAboveTheProcessorsChangesNothing) {
  const FakeContainers containers("usable_cores");
  containers.Unified("a", "/box");
  containers.Limit("/box", "100000000 100000");
  EXPECT_EQ(UsableCores(containers.path()), UsableCores("/nonexistent"));
}

}  // namespace
}  // namespace helio
