#include "dataio/text.h"

#include <gtest/gtest.h>

#include "src/base/error.h"

namespace helio::dataio {
namespace {

using Words = std::vector<std::string>;

TEST(TokenizeTest, LowerCaseRunsOfWordCharacters) {
  EXPECT_EQ(Tokenize("A bird, with 2 red_ish Wings."), (Words{"a", "bird", "with", "2", "red_ish", "wings"}));
}

TEST(TokenizeTest, HyphenAndApostropheSeparate) {
  EXPECT_EQ(Tokenize("it's long-billed"), (Words{"it", "s", "long", "billed"}));
}

TEST(TokenizeTest, NonAsciiLettersAreDroppedFromTheirWord) {
  EXPECT_EQ(Tokenize("na\xC3\xAFve caf\xC3\xA9"), (Words{"nave", "caf"}));
}

TEST(TokenizeTest, ReplacementCharacterAndTypographySeparate) {
  EXPECT_EQ(Tokenize("a\xEF\xBF\xBD\xEF\xBF\xBD"
                     "b\xE2\x80\x94"
                     "c"),
            (Words{"a", "b", "c"}));
}

TEST(TokenizeTest, NothingInNothingOut) {
  EXPECT_TRUE(Tokenize("").empty());
  EXPECT_TRUE(Tokenize(" .,\n\t").empty());
}

TEST(Utf8Test, AcceptsWellFormedText) {
  EXPECT_TRUE(IsUtf8("plain"));
  EXPECT_TRUE(IsUtf8("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xA6"));
}

TEST(Utf8Test, RefusesDamage) {
  for (const char* bad :
       {"caf\xE9", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"})
    EXPECT_FALSE(IsUtf8(bad)) << bad;
}

TEST(VocabularyTest, IdsInOrderOfFirstAppearanceAfterEnd) {
  Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.Add("bird"), 1);
  EXPECT_EQ(vocabulary.Add("red"), 2);
  EXPECT_EQ(vocabulary.Add("bird"), 1);
  EXPECT_EQ(vocabulary.size(), 3);
  EXPECT_EQ(vocabulary.word(0), "<end>");
  EXPECT_EQ(vocabulary.Find("red"), 2);
  EXPECT_EQ(vocabulary.Find("blue"), -1);
}

TEST(VocabularyTest, DigestDependsOnOrder) {
  const Vocabulary ab({"<end>", "a", "b"}, "x"), ba({"<end>", "b", "a"}, "x");
  EXPECT_NE(ab.Digest(), ba.Digest());
}

TEST(VocabularyTest, RefusesRepeatedWordsAndAnotherFirstWord) {
  EXPECT_THROW(Vocabulary({"<end>", "a", "a"}, "x"), Error);
  EXPECT_THROW(Vocabulary({"a", "<end>"}, "x"), Error);
  EXPECT_THROW(Vocabulary({}, "x"), Error);
}

}  // namespace
}  // namespace helio::dataio
