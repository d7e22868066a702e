#include "src/app/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace helio::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<FlagText> kFlags = {{"batch", "20", "Images of a step", false, true},
                                      {"augment", "true", "Crop and flip", true, true},
                                      {"g_rate", "0.0002", "Generator's rate", false, true},
                                      {"images", "7200", "Pictures", false, false}};
const std::vector<std::string> kOthers = {"flagfile", "help"};

TEST(HelpTest, OwnFlagsFirstThenGroups) {
  const auto text = HelpText("helio-x does x", kFlags);
  EXPECT_EQ(text.find("helio-x does x\n"), 0u);
  EXPECT_THAT(text, HasSubstr("\nThis program\n  --images=7200                   Pictures\n"));
  EXPECT_LT(text.find("--images"), text.find("\nWhat is trained\n"));
  EXPECT_LT(text.find("\nWhat is trained\n"), text.find("--batch=20"));
  EXPECT_LT(text.find("--batch=20"), text.find("\nOptimizers\n"));
  EXPECT_EQ(text.find("\nMore\n"), std::string::npos);
  EXPECT_EQ(text.find("\nShapes\n"), std::string::npos) << "an empty group";
}

TEST(HelpTest, AFlagWithoutGroupIsStillShown) {
  const std::vector<FlagText> flags = {{"new_flag", "1", "New", false, true}};
  EXPECT_THAT(HelpText("x", flags), HasSubstr("\nMore\n  --new_flag=1"));
  EXPECT_THAT(UngroupedFlags(flags), ElementsAre("new_flag"));
  EXPECT_THAT(UngroupedFlags(kFlags), IsEmpty());
}

TEST(NearestNameTest, SlipsAreFoundAndOtherWordsAreNot) {
  const std::vector<std::string> known = {"batch", "batch_norm", "g_rate", "checkpoint_every"};
  EXPECT_EQ(NearestName("bacth", known), "batch");
  EXPECT_EQ(NearestName("g-rate", known), "g_rate");
  EXPECT_EQ(NearestName("checkpoint_evry", known), "checkpoint_every");
  EXPECT_EQ(NearestName("resume", known), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

TEST(UnknownFlagsTest, AllAreListedWithTheNearest) {
  EXPECT_THAT(UnknownFlags({"--bacth=3", "--augment", "--zebra", "-g_rat", "1"}, kFlags, kOthers),
              ElementsAre("--bacth: no such flag (did you mean --batch?)", "--zebra: no such flag",
                          "--g_rat: no such flag (did you mean --g_rate?)"));
}

TEST(UnknownFlagsTest, WhatGflagsAcceptsIsAccepted) {
  EXPECT_THAT(
      UnknownFlags({"--batch=3", "--noaugment", "-batch", "4", "--g_rate", "-1", "--flagfile=x", "plain"},
                   kFlags, kOthers),
      IsEmpty());
  EXPECT_THAT(UnknownFlags({"--", "--anything"}, kFlags, kOthers), IsEmpty());
  EXPECT_THAT(UnknownFlags({"--nobatch"}, kFlags, kOthers),
              ElementsAre("--nobatch: no such flag (did you mean --batch?)"));
}

}  // namespace
}  // namespace helio::app
