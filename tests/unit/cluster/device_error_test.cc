#include "cluster/device_error.h"

#include <gtest/gtest.h>

#include <functional>

#include "src/base/error.h"

namespace helio::cluster {
namespace {

constexpr const char* kSaid =
    "CUDA error: an illegal memory access was encountered\nFor debugging consider ...";

std::shared_ptr<JobState> AtStep(int64_t step) {
  auto job = std::make_shared<JobState>();
  job->step = step;
  return job;
}

[[noreturn]] void Break() { throw c10::AcceleratorError({}, 700, kSaid); }

std::string SaidOf(int64_t step, const std::function<int()>& body) {
  try {
    RunNamingDeviceErrors(1, AtStep(step), body);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 75);
    return error.what();
  }
  return "nothing";
}

TEST(DeviceErrorTest, ABodyThatEndsAnswersItself) {
  EXPECT_EQ(RunNamingDeviceErrors(0, AtStep(3), [] { return 7; }), 7);
}

TEST(DeviceErrorTest, ABrokenDeviceIsOneLineWithTheStep) {
  const auto said = SaidOf(12, []() -> int { Break(); });
  EXPECT_EQ(said.rfind("step 12: CUDA error: an illegal memory access was encountered (", 0), 0u) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
}

TEST(DeviceErrorTest, AFullDeviceSaysWhatHelps) {
  const auto said = SaidOf(-1, []() -> int { throw c10::OutOfMemoryError({}, "CUDA out of memory."); });
  EXPECT_EQ(said, "before the first step: CUDA out of memory. (a smaller --batch, or more of --accumulate)");
}

// As outside LibTorch's allocator.
TEST(DeviceErrorTest, AnAllocationOfTheRuntimeThatFailsSaysTheSame) {
  const auto said =
      SaidOf(2, []() -> int { throw c10::AcceleratorError({}, 2, "CUDA error: out of memory"); });
  EXPECT_EQ(said, "step 2: CUDA error: out of memory (a smaller --batch, or more of --accumulate)");
}

TEST(DeviceErrorTest, OtherErrorsPass) {
  EXPECT_THROW(RunNamingDeviceErrors(0, AtStep(1), []() -> int { throw c10::IndexError({}, "of ours"); }),
               c10::IndexError);
}

TEST(DeviceErrorDeathTest, ADestructorThatThrowsEndsWithTheRankAndTheStep) {
  struct Block {
    ~Block() { Break(); }
  };
  EXPECT_EXIT(RunNamingDeviceErrors(3, AtStep(8),
                                    [] {
                                      const Block block;
                                      return 0;
                                    }),
              ::testing::ExitedWithCode(75), "rank 3 failed: step 8: CUDA error: an illegal memory access");
}

}  // namespace
}  // namespace helio::cluster
