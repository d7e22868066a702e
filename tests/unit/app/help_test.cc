#include "src/app/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace helio::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<FlagText> kFlags = {{"batch", "20", "Images of a step", false, "What is trained"},
                                      {"augment", "true", "Crop and flip", true, "What is trained"},
                                      {"g_rate", "0.0002", "Generator's rate", false, "Optimizers"},
                                      {"images", "7200", "Pictures", false}};
const std::vector<std::string> kOthers = {"flagfile", "help"};

TEST(HelpTest, OwnFlagsFirstThenGroups) {
  const auto text = HelpText("helio-x does x", kFlags);
  EXPECT_EQ(text.find("helio-x does x\n"), 0u);
  EXPECT_THAT(text, HasSubstr("\nThis program\n  --images=7200                   Pictures\n"));
  EXPECT_LT(text.find("--images"), text.find("\nWhat is trained\n"));
  EXPECT_LT(text.find("\nWhat is trained\n"), text.find("--batch=20"));
  EXPECT_LT(text.find("--batch=20"), text.find("\nOptimizers\n"));
  EXPECT_EQ(text.find("\nShapes\n"), std::string::npos) << "an empty group";
}

TEST(HelpTest, AGroupThatHelpDoesNotKnowComesLast) {
  auto flags = kFlags;
  flags.insert(flags.begin(), {"pool", "50", "Earlier fakes", false, "Memory"});
  const auto text = HelpText("x", flags);
  EXPECT_THAT(text, HasSubstr("\nMemory\n  --pool=50"));
  EXPECT_LT(text.find("\nOptimizers\n"), text.find("\nMemory\n"));
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
