#include "src/train/progress_bar.h"

#include <gtest/gtest.h>

namespace helio::train {
namespace {

TEST(BarText, ShowsShareAndTimeLeft) {
  EXPECT_EQ(BarText(0, 100, 0, 0), "[>                             ]   0 %  step 0/100, 0 s left");
  EXPECT_EQ(BarText(50, 100, 50, 20), "[===============>              ]  50 %  step 50/100, 20 s left");
  EXPECT_EQ(BarText(100, 100, 100, 40), "[==============================] 100 %  step 100/100, 0 s left");
}

TEST(BarText, AResumedRunCountsItsOwnSteps) {
  EXPECT_NE(BarText(90, 100, 10, 20).find("20 s left"), std::string::npos);
}

TEST(BarText, CountsWhatItIsTold) {
  EXPECT_NE(BarText(640, 3000, 640, 64, "picture").find("picture 640/3000, 4 min left"), std::string::npos);
}

TEST(ProgressBar, IsSilentWhereItIsNotShown) {
  testing::internal::CaptureStderr();
  {
    ProgressBar bar(10, false);
    bar.Step(1);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ProgressBar, GivesTheLineBack) {
  testing::internal::CaptureStderr();
  {
    ProgressBar bar(10, true);
    bar.Step(5);
  }
  const auto text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("\r[") && text.ends_with("\r\033[K")) << text;
}

}  // namespace
}  // namespace helio::train
