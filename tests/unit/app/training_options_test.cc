#include "src/app/training_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.h"
#include "src/recipes/registry.h"

namespace helio::app {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

TEST(TrainingOptionsTest, EverySystemsDefaultsAreInTheirOwnRanges) {
  for (const auto& system : recipes::Systems()) {
    OptionList list;
    system.declare(list);
    EXPECT_EQ(list.TryAssign(list.Defaults()), "") << system.name;
    for (const auto& option : list.options()) EXPECT_NE(option.help, "") << option.name;
  }
}

TEST(TrainingOptionsTest, ARunsIdentityIsWhatItReadsAndComputesWith) {
  const OptionValues given = {
      {"recipe", "damsm"}, {"gf", "7"}, {"text_dropout", "0.25"}, {"threads", "3"}, {"words", "12"}};
  const auto resolved = Resolve(given);
  EXPECT_THAT(resolved.computed, Contains(Pair("text_dropout", "0.25")));
  EXPECT_THAT(resolved.computed, Contains(Pair("rate", "0.002")));
  EXPECT_THAT(resolved.computed, Not(Contains(Key("gf"))));
  EXPECT_THAT(resolved.computed, Not(Contains(Key("threads"))));
  EXPECT_THAT(resolved.read, Contains(Pair("threads", "3")));
  EXPECT_THAT(resolved.read, Not(Contains(Key("gf"))));
  EXPECT_EQ(UnreadOptions(given, resolved), " --gf");
  // The declaration's defaults were not touched by another run's values.
  EXPECT_THAT(Resolve({{"recipe", "damsm"}}).computed, Contains(Pair("text_dropout", "0.5")));
}

TEST(TrainingOptionsTest, ASystemKeepsItsOwnDefaultOfASharedName) {
  const auto gf = [](const char* recipe) { return Resolve({{"recipe", recipe}}).computed.at("gf"); };
  EXPECT_EQ(gf("mirrorgan"), "32");
  EXPECT_EQ(gf("stackgan1"), "192");
  EXPECT_EQ(gf("stackgan_pp"), "64");
}

TEST(TrainingOptionsTest, ProblemsOfRunAndSystemComeTogether) {
  std::string problems;
  const auto options = ReadTrainingOptions({{"recipe", "mirrorgan"},
                                            {"batch", "0"},
                                            {"stages", "9"},
                                            {"seed", "4"},
                                            {"evaluate_images", "1000000000000"}},
                                           problems);
  EXPECT_THAT(problems, HasSubstr("--batch=0: at least 1"));
  EXPECT_THAT(problems, HasSubstr("--stages=9: 1 to 4"));
  EXPECT_THAT(problems, HasSubstr("--evaluate_images=1000000000000: 1 to 1e+07"));
  EXPECT_EQ(options.run.batch, 20);
  EXPECT_EQ(options.loader.seed, 4u);
  EXPECT_THROW(ReadTrainingOptions({{"recipe", "mirrorgan"}, {"stages", "9"}}), Error);
}

TEST(TrainingOptionsTest, ProblemsOfTheJudgesNetworksAreToldOnce) {
  const OptionValues wrong = {{"embedding", "-1"}, {"text_rnn", "zzz"}};
  for (const char* recipe : {"", "damsm", "cyclegan"}) {
    auto given = wrong;
    if (*recipe) given["recipe"] = recipe;
    std::string problems;
    ReadTrainingOptions(given, problems);
    EXPECT_EQ(std::ranges::count(problems, '\n'), 2) << recipe << problems;
    EXPECT_THAT(problems, HasSubstr("--embedding=-1: ")) << recipe;
    EXPECT_THAT(problems, HasSubstr("--text_rnn=zzz: ")) << recipe;
  }
}

// A bidirectional encoder has as many of either direction.
TEST(TrainingOptionsTest, AnOddEmbeddingIsRefused) {
  std::string problems;
  ReadTrainingOptions({{"recipe", "attngan"}, {"embedding", "7"}}, problems);
  EXPECT_THAT(problems, HasSubstr("--embedding=7: "));
  EXPECT_THAT(problems, HasSubstr("even"));
}

TEST(TrainingOptionsTest, ThreadsAndWorkersHaveAnUpperEnd) {
  std::string problems;
  ReadTrainingOptions({{"recipe", "damsm"}, {"workers", "5000"}, {"threads", "100000"}}, problems);
  EXPECT_THAT(problems, HasSubstr("--workers=5000: 1 to 1024"));
  EXPECT_THAT(problems, HasSubstr("--threads=100000: 0 to 1024"));
}

// Its networks take the sentence as it is.
TEST(TrainingOptionsTest, TheKeyPointGeneratorProjectsNoSentence) {
  for (const char* recipe : {"gawwn_box", "gawwn_keypoint", "gawwn_keypoint_generator"}) {
    const OptionValues given{{"recipe", recipe}, {"text_projection", "64"}};
    const auto unread = UnreadOptions(given, Resolve(given));
    EXPECT_EQ(unread, std::string(recipe).ends_with("generator") ? " --text_projection" : "") << recipe;
  }
}

// A slip of some zeros would ask for more memory than there is, or for more than can be counted.
TEST(TrainingOptionsTest, WidthsHaveAnUpperEnd) {
  const auto refused = [](const char* recipe, const char* option, const char* value) {
    std::string problems;
    ReadTrainingOptions({{"recipe", recipe}, {option, value}}, problems);
    return problems.find("--" + std::string(option) + "=" + value + ": ") != std::string::npos;
  };
  constexpr const char* kMany = "6400000000";
  for (const auto& [recipe, option] :
       std::initializer_list<std::pair<const char*, const char*>>{{"cyclegan", "gf"},
                                                                  {"cyclegan", "df"},
                                                                  {"cyclegan", "side"},
                                                                  {"cyclegan", "pool_size"},
                                                                  {"ppgn", "df"},
                                                                  {"ppgn", "generator_hidden"},
                                                                  {"ppgn", "generator_channels"},
                                                                  {"ppgn", "encoder_classes"},
                                                                  {"gan_int_cls", "text_projection"},
                                                                  {"char_cnn_rnn", "char_width"}})
    EXPECT_TRUE(refused(recipe, option, kMany)) << recipe << " --" << option;
  EXPECT_FALSE(refused("ppgn", "halve_at", kMany));
  EXPECT_FALSE(refused("cyclegan", "side", "4096"));
}

TEST(TrainingOptionsTest, Float64IsComputedWhereItIsAskedFor) {
  const auto device = [](const OptionValues& given) {
    std::string problems;
    return ReadTrainingOptions(given, problems).launch.device;
  };
  EXPECT_EQ(device({{"recipe", "damsm"}}), cluster::WantedDevice::kAuto);
  EXPECT_EQ(device({{"recipe", "damsm"}, {"dtype", "float64"}}), cluster::WantedDevice::kCpu);
  EXPECT_EQ(device({{"recipe", "damsm"}, {"dtype", "float64"}, {"device", "cuda"}}),
            cluster::WantedDevice::kCuda);
}

TEST(TrainingOptionsTest, RolesOfWeightsAndData) {
  RunOptions run;
  run.weights = "damsm:a,stage1:b:c";
  run.role_files["captioner"] = "d";
  EXPECT_EQ(run.WeightFiles(),
            (std::map<std::string, std::string>{{"captioner", "d"}, {"damsm", "a"}, {"stage1", "b:c"}}));
  run.weights = "damsm";
  EXPECT_THROW(run.WeightFiles(), Error);
  run.data = "data/birds";
  EXPECT_EQ(run.DataFolders(), (std::map<std::string, std::string>{{"data", "data/birds"}}));
  run.data = "photos:x,paintings:y";
  EXPECT_EQ(run.DataFolders(), (std::map<std::string, std::string>{{"paintings", "y"}, {"photos", "x"}}));
}

}  // namespace
}  // namespace helio::app
