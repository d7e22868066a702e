#include "cluster/device_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace helio::cluster {
namespace {

using ::testing::HasSubstr;

std::string Problem(WantedDevice wanted, const std::vector<RankDevices>& ranks, bool share = false) {
  const auto error = ErrorIn([&] { CheckDevices(wanted, ranks, share); });
  if (!error) return "";
  EXPECT_EQ(error->exit_code(), 1);
  return error->what();
}

TEST(DeviceChoiceTest, AHostWithoutItsDriverIsNamed) {
  const std::vector<RankDevices> ranks{{"a", 2, 2}, {"a", 2, 2}, {"b", 0, 2}, {"b", 0, 2}};
  EXPECT_THAT(Problem(WantedDevice::kAuto, ranks), HasSubstr("none for rank 2 on b, rank 3 on b"));
  EXPECT_THAT(Problem(WantedDevice::kCuda, ranks),
              HasSubstr("no GPU is visible to rank 2 on b, rank 3 on b"));
}

TEST(DeviceChoiceTest, OneKindIsNoProblem) {
  EXPECT_EQ(Problem(WantedDevice::kAuto, {{"a", 0, 2}, {"a", 0, 2}}), "");
  EXPECT_EQ(Problem(WantedDevice::kCpu, {{"a", 0, 2}, {"a", 0, 2}}), "");
  EXPECT_EQ(Problem(WantedDevice::kAuto, {{"a", 2, 2}, {"a", 2, 2}, {"b", 1, 1}}), "");
}

TEST(DeviceChoiceTest, AtMostOneRankAGpu) {
  const std::vector<RankDevices> ranks{{"a", 2, 2}, {"b", 1, 2}};
  EXPECT_THAT(Problem(WantedDevice::kAuto, ranks), HasSubstr("b has 2 ranks but 1 GPU"));
  EXPECT_EQ(Problem(WantedDevice::kAuto, ranks, /*share=*/true), "");
  EXPECT_THAT(Problem(WantedDevice::kCuda, {{"this host", 0, 1}}),
              HasSubstr("no GPU is visible to rank 0 on this host"));
}

// Slurm's --gpus-per-task.
TEST(DeviceChoiceTest, RanksMayEachSeeAGpuOfTheirOwn) {
  EXPECT_EQ(Problem(WantedDevice::kAuto, {{"a", 1, 2, "first"}, {"a", 1, 2, "second"}, {"b", 1, 1, "first"}}),
            "");
  EXPECT_THAT(Problem(WantedDevice::kAuto, {{"a", 1, 2, "first"}, {"a", 1, 2, "first"}}),
              HasSubstr("a has 2 ranks but 1 GPU"));
}

}  // namespace
}  // namespace helio::cluster
