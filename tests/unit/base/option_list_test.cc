#include "src/base/option_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.h"

namespace helio {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

enum class Pace { kSlow, kFast };
constexpr Named<Pace> kPaces[] = {{Pace::kSlow, "slow"}, {Pace::kFast, "fast"}};

struct Toy {
  int64_t stages = 3;
  double rate = 2e-4;
  bool flip = true;
  std::string kind = "lstm";
  std::filesystem::path out;
  uint64_t seed = 1;
  Pace pace = Pace::kSlow;

  void Declare(OptionList& list) {
    list.Group("Shapes");
    list.Add("stages", &stages, Between(1, 4), "Stages");
    list.Add("kind", &kind, OneOf({"lstm", "gru", "none"}), "Kind");
    list.Group("Rates");
    list.Add("rate", &rate, Above(0), "Rate");
    list.Add("flip", &flip, AnyValue(), "Flip");
    list.Add("seed", &seed, AnyValue(), "Seed");
    list.AddOperational("out", &out, AnyValue(), "Folder");
    list.Add("pace", &pace, kPaces, "Pace");
  }
};

std::string ProblemsOf(const OptionValues& values) {
  Toy toy;
  OptionList list;
  toy.Declare(list);
  return list.TryAssign(values);
}

TEST(OptionListTest, AssignsValuesOfEveryType) {
  const auto toy = OptionsFrom<Toy>({{"stages", "2"},
                                     {"rate", "0.00100000000000000002"},
                                     {"flip", "false"},
                                     {"kind", "gru"},
                                     {"out", "runs/a b"},
                                     {"seed", "18446744073709551615"},
                                     {"of_another_list", "x"}});
  EXPECT_EQ(toy.stages, 2);
  EXPECT_EQ(toy.rate, 1e-3);
  EXPECT_FALSE(toy.flip);
  EXPECT_EQ(toy.kind, "gru");
  EXPECT_EQ(toy.out, "runs/a b");
  EXPECT_EQ(toy.seed, UINT64_MAX);
}

TEST(OptionListTest, SaysWhatIsWrongWithEachValue) {
  EXPECT_EQ(ProblemsOf({{"stages", "9"}, {"kind", "rnn"}, {"rate", "0"}}),
            "\n  --stages=9: 1 to 4\n  --kind=rnn: lstm, gru or none\n  --rate=0: more than 0");
  EXPECT_EQ(ProblemsOf({{"stages", "2.5"}}), "\n  --stages=2.5: not of type int64");
  EXPECT_EQ(ProblemsOf({{"flip", "perhaps"}}), "\n  --flip=perhaps: not of type bool");
  EXPECT_EQ(ProblemsOf({{"seed", "-1"}}), "\n  --seed=-1: not of type uint64");
  for (const char* value : {"", "1e", "nan", "inf", "0x2"})
    EXPECT_NE(ProblemsOf({{"rate", value}}), "") << value;
  EXPECT_THROW(OptionsFrom<Toy>({{"stages", "0"}}), Error);
}

TEST(OptionListTest, ABoundMayBeLeftOut) {
  const auto range = FromBelow(0, 1);
  EXPECT_EQ(range.text, "0 to less than 1");
  EXPECT_TRUE(range.admits("0") && range.admits("0.999"));
  EXPECT_FALSE(range.admits("1") || range.admits("-0.1") || range.admits("nan"));
}

TEST(OptionListTest, AValueOutOfRangeIsLeftOut) {
  Toy toy;
  OptionList list;
  toy.Declare(list);
  list.TryAssign({{"stages", "9"}, {"kind", "gru"}});
  EXPECT_EQ(toy.stages, 3);
  EXPECT_EQ(toy.kind, "gru");
}

TEST(OptionListTest, ValuesAreWrittenInOneWay) {
  Toy toy;
  OptionList list;
  toy.Declare(list);
  const auto values = list.Values({{"rate", "2.00e-4"}, {"flip", "1"}});
  EXPECT_EQ(values.at("rate"), "2e-04");
  EXPECT_EQ(values.at("flip"), "true");
  EXPECT_EQ(values.at("stages"), "3");
  EXPECT_EQ(toy.rate, 2e-4) << "a field was changed";
  EXPECT_FALSE(list.MatchedValues({}).contains("out"));
  EXPECT_EQ(list.Defaults(), list.Values());
  EXPECT_EQ(ParseFlagfile(ToFlagfile(values)), values);
  EXPECT_THAT(ParseFlagfile("# a comment\n--a=b=c\nplain\n"), ElementsAre(Pair("a", "b=c")));
}

TEST(OptionListTest, AnEnumIsSaidByItsNames) {
  EXPECT_EQ(OptionsFrom<Toy>({}).pace, Pace::kSlow);
  EXPECT_EQ(OptionsFrom<Toy>({{"pace", "fast"}}).pace, Pace::kFast);
  EXPECT_EQ(ProblemsOf({{"pace", "quick"}}), "\n  --pace=quick: slow or fast");
  Toy toy;
  OptionList list;
  toy.Declare(list);
  EXPECT_EQ(list.Defaults().at("pace"), "slow");
  EXPECT_EQ(list.Values({{"pace", "fast"}}).at("pace"), "fast");
  EXPECT_EQ(toy.pace, Pace::kSlow) << "a field was changed";
  EXPECT_EQ(list.options().back().Type(), "string");
}

TEST(OptionListTest, OptionsKnowTheirGroupAndType) {
  Toy toy;
  OptionList list;
  toy.Declare(list);
  EXPECT_EQ(list.options()[0].group, "Shapes");
  EXPECT_EQ(list.options()[2].group, "Rates");
  EXPECT_EQ(list.options()[2].Type(), "double");
  EXPECT_EQ(list.options()[5].Type(), "string");
}

}  // namespace
}  // namespace helio
