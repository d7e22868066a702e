#include "src/app/caption_edits.h"

#include <gtest/gtest.h>

#include "src/base/error.h"

namespace helio::app {
namespace {

std::string Edited(const std::string& text, const std::string& edit) {
  return EditsOf(text, edit).at(0).caption;
}

TEST(CaptionEdits, ChangeOneWordOfTheCaptionItself) {
  const auto edits = EditsOf("A red bird, with a reddish head.", "red:blue,head:wing");
  ASSERT_EQ(edits.size(), 2u);
  EXPECT_EQ(edits[0].caption, "A blue bird, with a reddish head.");
  EXPECT_EQ(edits[0].label, "red > blue");
  EXPECT_EQ(edits[0].word, "blue");
  EXPECT_EQ(edits[1].caption, "A red bird, with a reddish wing.");
}

TEST(CaptionEdits, FindWholeWordsOfAnyCase) {
  EXPECT_EQ(Edited("Infrared RED", "red:blue"), "Infrared blue");
  EXPECT_EQ(Edited("les têtes, la tête", "tête:aile"), "les têtes, la aile");
  EXPECT_EQ(Edited("red red", "red#2:blue"), "red blue");
}

TEST(CaptionEdits, RefuseWhatIsNone) {
  for (const char* edit : {"red", "red:", ":blue", "green:blue", "red#2:blue", "red#:blue", "red#x:blue",
                           "red:dark blue", "red bird:blue", "red:blue,,"})
    EXPECT_THROW(EditsOf("a red bird", edit), Error) << edit;
}

}  // namespace
}  // namespace helio::app
