#include "src/app/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace helio::app {
namespace {

using ::testing::HasSubstr;

const std::vector<FlagText> kFlags = {{"batch", "20", "Images of a step", false, "What is trained"},
                                      {"augment", "true", "Crop and flip", true, "What is trained"},
                                      {"g_rate", "0.0002", "Generator's rate", false, "Optimizers"},
                                      {"images", "7200", "Pictures", false}};

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

}  // namespace
}  // namespace helio::app
