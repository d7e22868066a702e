#include "src/app/flag_problems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_of.h"

namespace helio::app {
namespace {

// What is wrong with a command line of these.
std::string ProblemsWith(const std::vector<std::string>& texts) {
  std::vector<Argument> arguments;
  for (const auto& text : texts) arguments.push_back({text, {}});
  return FlagProblems(arguments, {{{"batch", "20", "Images of a step", false, "What is trained"},
                                   {"augment", "true", "Crop and flip", true, "What is trained"},
                                   {"g_rate", "0.0002", "Generator's rate", false, "Optimizers"},
                                   {"images", "7200", "Pictures", false}},
                                  {"flagfile", "help"}});
}

TEST(NearestNameTest, SlipsAreFoundAndOtherWordsAreNot) {
  const std::vector<std::string> known = {"batch", "batch_norm", "g_rate", "checkpoint_every"};
  EXPECT_EQ(NearestName("bacth", known), "batch");
  EXPECT_EQ(NearestName("g-rate", known), "g_rate");
  EXPECT_EQ(NearestName("checkpoint_evry", known), "checkpoint_every");
  EXPECT_EQ(NearestName("resume", known), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

TEST(FlagProblemsTest, UnknownFlagsAreAllListedWithTheNearest) {
  EXPECT_EQ(ProblemsWith({"--bacth=3", "--augment", "--zebra", "-g_rat", "1"}),
            "\n  --bacth: no such flag (did you mean --batch?)"
            "\n  --zebra: no such flag"
            "\n  --g_rat: no such flag (did you mean --g_rate?)");
}

TEST(FlagProblemsTest, WhatGflagsAcceptsIsAccepted) {
  EXPECT_EQ(
      ProblemsWith({"--batch=3", "--noaugment", "-batch", "4", "--g_rate", "-1", "--flagfile=x", "plain"}),
      "");
  EXPECT_EQ(ProblemsWith({"--", "--anything"}), "");
  EXPECT_EQ(ProblemsWith({"--nobatch"}), "\n  --nobatch: no such flag (did you mean --batch?)");
}

struct TypedOptions {
  int32_t number = 3;
  void Declare(OptionList& list) { list.Add("a_typed_number", &number, AnyValue(), "Of this test"); }
};

TEST(FlagProblemsTest, ValuesAreOfTheirFlagsTypeAndLinesOfFilesAreFlags) {
  RegisterFlagsOf<TypedOptions>();
  EXPECT_EQ(FlagProblems({{"--a_typed_number=many", {}},
                          {"--a_typed_number=5", "run.flags"},
                          {"-a_typed_number=2.5", "run.flags"},
                          {"a_typed_number=6", "run.flags"}},
                         FlagsOfProcess()),
            "\n  --a_typed_number=many: not of type int32"
            "\n  run.flags: -a_typed_number=2.5: not of type int32"
            "\n  run.flags: a_typed_number=6: is no flag (--name=value)");
}

struct NamedOptions {
  std::string name;
  void Declare(OptionList& list) { list.Add("a_named_thing", &name, AnyValue(), "Of this test"); }
};

// Of a line of a flagfile.
std::string ProblemOfLine(const std::string& line, const char* file = "my.flags") {
  static const bool registered = (RegisterFlagsOf<NamedOptions>(), RegisterFlagsOf<TypedOptions>(), true);
  return registered ? FlagProblems({{line, file}}, FlagsOfProcess()) : "";
}

TEST(FlagProblemsTest, CommentsAndQuotesAreNoPartOfALinesValue) {
  using ::testing::HasSubstr;
  for (const char* line :
       {"--a_named_thing=out # here", "--a_named_thing=out\t#here", "--a_named_thing=out #"})
    EXPECT_THAT(ProblemOfLine(line), HasSubstr("the comment is part of the value")) << line;
  EXPECT_THAT(ProblemOfLine("--a_typed_number=\"3\""), HasSubstr("the quotes are part of the value"));
  for (const char* line : {"--a_named_thing=run #3", "--a_named_thing=a#b", "--a_named_thing='tis a bird",
                           "--a_named_thing=#", "--a_named_thing="})
    EXPECT_EQ(LogOf([&] { EXPECT_EQ(ProblemOfLine(line), "") << line; }), "");
  EXPECT_EQ(FlagProblems({{"--a_named_thing=\"out\"", {}}}, {{{"a_named_thing", "", "", false}}, {}}), "");
}

// Copied from a shell, where the line goes on.
TEST(FlagProblemsTest, ABackslashIsNoPartOfALinesValue) {
  using ::testing::HasSubstr;
  for (const char* line : {"--a_named_thing=out \\", "--a_named_thing=\\", "--a_typed_number=3 \\"})
    EXPECT_THAT(ProblemOfLine(line), HasSubstr("the backslash is part of the value")) << line;
  EXPECT_THAT(ProblemOfLine("--a_typed_number \\"), HasSubstr("no such flag (leave the backslash out)"));
  EXPECT_EQ(ProblemOfLine("--a_named_thing=C:\\out\\"), "");
}

TEST(FlagProblemsTest, WhatMayBeMeantIsTakenAndTold) {
  using ::testing::HasSubstr;
  for (const char* line : {"--a_named_thing=\"a bird\"", "--a_named_thing='out'"})
    for (const char* file : {"my.flags", "out/run.flags"})
      EXPECT_THAT(LogOf([&] { EXPECT_EQ(ProblemOfLine(line, file), ""); }),
                  HasSubstr(std::string(file) + ": " + line + ": the quotes are part of the value"));
  EXPECT_THAT(LogOf([] { EXPECT_EQ(ProblemOfLine("--a_named_thing=a #b", "out/run.flags"), ""); }),
              HasSubstr("the comment is part of the value"));
}

TEST(FlagProblemsTest, ABlankInsteadOfTheEqualsSignIsExplained) {
  EXPECT_EQ(ProblemsWith({"--batch 3"}), "\n  --batch 3: no such flag (write --batch=3)");
  EXPECT_EQ(ProblemsWith({"--batch\t 3=x"}), "\n  --batch\t 3: no such flag (write --batch=3=x)");
}

}  // namespace
}  // namespace helio::app
