#include "src/app/flagfiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "tests/support/scratch_folder.h"

namespace helio::app {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> TextsOf(const std::vector<Argument>& arguments) {
  std::vector<std::string> texts;
  for (const auto& argument : arguments) texts.push_back(argument.text);
  return texts;
}

TEST(FlagfilesTest, TheirLinesStandInTheirPlace) {
  const ScratchFolder folder("flagfiles_test");
  const auto outer = folder.path() / "outer.flags", inner = folder.path() / "inner.flags";
  WriteFileAtomically(outer, "\xEF\xBB\xBF--a=1\r\n\n  # no flag\n--flagfile=" + inner.string() + "\n--c=3");
  WriteFileAtomically(inner, "\t--b=2 \n");
  const auto all = ExpandFlagfiles({"--first", "--flagfile=" + outer.string(), "--last"});
  EXPECT_THAT(TextsOf(all), ElementsAre("--first", "--a=1", "--b=2", "--c=3", "--last"));
  EXPECT_EQ(all.at(0).from, "");
  EXPECT_EQ(all.at(1).from, outer);
  EXPECT_EQ(all.at(2).from, inner);
}

TEST(FlagfilesTest, TheFileMayFollowItsFlag) {
  const ScratchFolder folder("flagfiles_following");
  const auto file = (folder.path() / "run.flags").string();
  WriteFileAtomically(file, "\xEF\xBB\xBF--a=1\n--b=2\n");
  const auto all = ExpandFlagfiles({"--first", "--flagfile", file, "-flagfile", file, "--last"});
  EXPECT_THAT(TextsOf(all), ElementsAre("--first", "--a=1", "--b=2", "--a=1", "--b=2", "--last"));
  EXPECT_EQ(all.at(1).from, file);
  EXPECT_THROW(ExpandFlagfiles({"--first", "--flagfile"}), Error);
  WriteFileAtomically(file, "--flagfile\n" + file + "\n");
  EXPECT_THROW(ExpandFlagfiles({"--flagfile", file}), Error);
}

TEST(FlagfilesTest, TheyAreFoundBesideTheOneThatNamesThem) {
  const ScratchFolder folder("flagfiles_root");
  MakeFolders(folder.path() / "configs" / "toy");
  const auto named = folder.path() / "configs" / "toy" / "run.flags";
  WriteFileAtomically(named, "--flagfile=configs/base.flags\n");
  WriteFileAtomically(folder.path() / "configs" / "base.flags", "--a=1\n");
  EXPECT_THAT(TextsOf(ExpandFlagfiles({"--flagfile=" + named.string()})), ElementsAre("--a=1"));
}

TEST(FlagfilesTest, WhatCannotBeReadIsRefused) {
  const ScratchFolder folder("flagfiles_refused");
  const auto circle = "--flagfile=" + (folder.path() / "circle.flags").string();
  WriteFileAtomically(folder.path() / "circle.flags", circle + "\n");
  EXPECT_THROW(ExpandFlagfiles({circle}), Error);
  WriteFileAtomically(folder.path() / "utf16.flags", "\xFF\xFE-");
  EXPECT_THROW(ExpandFlagfiles({"--flagfile=" + (folder.path() / "utf16.flags").string()}), Error);
  EXPECT_THROW(ExpandFlagfiles({"--flagfile=" + (folder.path() / "nowhere.flags").string()}), Error);
  EXPECT_THROW(ExpandFlagfiles({"--flagfile=" + folder.path().string()}), Error);
}

TEST(ParseArgumentTest, OneDashOrTwoAndAValueOrNone) {
  const auto flag = ParseArgument("--name=a=b");
  ASSERT_TRUE(flag);
  EXPECT_EQ(flag->name, "name");
  EXPECT_EQ(flag->value, "a=b");
  ASSERT_TRUE(ParseArgument("-name"));
  EXPECT_EQ(ParseArgument("-name")->name, "name");
  EXPECT_FALSE(ParseArgument("-name")->value);
  EXPECT_EQ(ParseArgument("--name=")->value, "");
  for (const char* other : {"name=1", "---name=1", "--", "-", "", "--=1"}) EXPECT_FALSE(ParseArgument(other));
}

TEST(ParseArgumentTest, TheValueOfOneName) {
  EXPECT_EQ(ValueOf("--recipe=damsm", "recipe"), "damsm");
  EXPECT_EQ(ValueOf("-recipe=damsm", "recipe"), "damsm");
  EXPECT_EQ(ValueOf("--recipe", "recipe"), "");
  EXPECT_EQ(ValueOf("--recipes=damsm", "recipe"), "");
}

}  // namespace
}  // namespace helio::app
