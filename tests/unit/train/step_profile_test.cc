#include "src/train/step_profile.h"

#include <gtest/gtest.h>

#include <regex>
#include <thread>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/json.h"
#include "src/train/stopwatch.h"
#include "tests/support/scratch_folder.h"

namespace helio::train {
namespace {

class StepProfileTest : public testing::Test {
 protected:
  // Six steps, each a part "data_wait" of at least 10 ms, a product, and a part "prepare" of at least 20 ms.
  void Steps(StepProfile& profile) {
    for (int64_t step = 1; step <= 6; ++step) {
      profile.Before(step);
      profile.Add(Waited());
      torch::matmul(torch::ones({2, 2}), torch::ones({2, 2}));
      const auto begin = Moment::On(torch::kCPU);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      StepReport report;
      report.parts = {{"prepare", begin, Moment::On(torch::kCPU)}};
      profile.After(step, report);
    }
  }

  int64_t Traced(const char* file, const char* name) const {
    const auto trace = Json::parse(ReadFile(folder_ / file));
    return std::ranges::count_if(trace.at("traceEvents"), [&](const auto& event) {
      return event.at("name") == name && event.at("ph") == "X";
    });
  }
  // Of a step, as the log's first table has them; -1: it is not there.
  static double MillisecondsOf(const std::string& part, const std::string& said) {
    const auto table = said.substr(0, said.find("operator, on the host"));
    std::smatch line;
    return std::regex_search(table, line, std::regex("([0-9.]+)  " + part)) ? std::stod(line[1]) : -1;
  }

  static StepReport Waited() {
    StepReport report;
    {
      const Stopwatch watch(report, "data_wait", torch::kCPU);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return report;
  }

  const ScratchFolder scratch_{"step_profile"};
  const std::filesystem::path folder_ = scratch_.path();
};

TEST_F(StepProfileTest, TracesItsStepsAndNoOthers) {
  StepProfile profile("2-4", folder_ / "profile", 3);
  testing::internal::CaptureStderr();
  Steps(profile);
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(Traced("profile/rank-3.json", "aten::matmul"), 3);
  EXPECT_EQ(Traced("profile/rank-3.json", "data_wait"), 3);
  EXPECT_GE(MillisecondsOf("prepare", said), 20);
  EXPECT_GE(MillisecondsOf("data_wait", said), 10);
}

TEST_F(StepProfileTest, WithoutStepsThereIsNothing) {
  StepProfile profile("", folder_ / "profile", 0);
  Steps(profile);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "profile"));
}

TEST_F(StepProfileTest, ARunThatEndsEarlyIsNoFailure) {
  StepProfile profile("5-100", folder_ / "profile", 0);
  Steps(profile);
}

TEST_F(StepProfileTest, ARunThatEndsAmongItsStepsLeavesTheirTrace) {
  StepProfile profile("5-100", folder_ / "profile", 0);
  Steps(profile);
  testing::internal::CaptureStderr();
  profile.End();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("steps 5 to 6 of rank 0"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "profile/rank-0.json"));
}

TEST_F(StepProfileTest, ARunThatEndsBeforeItsStepsSaysSo) {
  StepProfile profile("7-9", folder_ / "profile", 0);
  Steps(profile);
  testing::internal::CaptureStderr();
  profile.End();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("--profile=7-9: none of these"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "profile"));
}

TEST_F(StepProfileTest, WhatIsWrittenStaysAtTheEnd) {
  StepProfile profile("2-4", folder_ / "profile", 0);
  Steps(profile);
  testing::internal::CaptureStderr();
  profile.End();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(StepProfileTest, RefusesWhatIsNoRange) {
  for (const auto* steps : {"7", "0-3", "5-4", "a-b", "1-2-3", "-1-2"})
    EXPECT_THROW(StepProfile(steps, folder_, 0), Error) << steps;
}

}  // namespace
}  // namespace helio::train
