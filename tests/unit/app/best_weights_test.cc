#include "src/app/best_weights.h"

#include <gtest/gtest.h>

#include "src/base/safetensors.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

class BestWeightsTest : public testing::Test {
 protected:
  BestWeights At(int64_t step, const std::string& flags = "--a=1\n") {
    BestWeights best(path_, {.flags = flags, .defaults = "--a=1\n--new=0\n"}, "", kLast);
    best.GoOnAt(step);
    return best;
  }
  static void Offer(BestWeights& best, double score, int64_t step, const std::string& flags = "--a=1\n") {
    best.Offer({.name = "loss", .value = score}, /*higher_is_better=*/false, step, {{"w", torch::ones({2})}},
               {{"flags", flags}});
  }
  std::string Kept(const char* key = "step") const { return ReadSafeTensors(path_).metadata.at(key); }

  // Until it is tried once.
  void FillTheDisk() const { fs::create_symlink("/dev/full", path_.string() + ".tmp"); }

  static constexpr int64_t kLast = 100;
  const ScratchFolder scratch_{"best"};
  const fs::path path_ = scratch_.path() / "best.safetensors";
};

TEST_F(BestWeightsTest, TheBetterScoreStays) {
  auto best = At(0);
  Offer(best, 2, 10);
  Offer(best, 3, 20);
  Offer(best, NAN, 30);
  EXPECT_EQ(Kept(), "10");
  auto resumed = At(20);
  Offer(resumed, 2.5, 40);
  EXPECT_EQ(Kept(), "10");
  Offer(resumed, 1, 50);
  EXPECT_EQ(Kept(), "50");
}

TEST_F(BestWeightsTest, ARunThatBeginsAnewIsNotMeasuredByTheOneBefore) {
  auto before = At(0);
  Offer(before, 1, 10);
  auto anew = At(0);
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::exists(scratch_.path() / "before-best.safetensors"));
  Offer(anew, 5, 10);
  EXPECT_EQ(Kept("score"), "5");
}

TEST_F(BestWeightsTest, EveryRunThatBeginsAnewLeavesWhatTheOnesBeforeHad) {
  for (const int64_t step : {10, 20, 30}) {
    auto anew = At(0);
    Offer(anew, 1, step);
  }
  EXPECT_EQ(Kept(), "30");
  const auto moved = [&](const char* name) {
    return ReadSafeTensors(scratch_.path() / name).metadata.at("step");
  };
  EXPECT_EQ(moved("before-best.safetensors"), "10");
  EXPECT_EQ(moved("before-best-1.safetensors"), "20");
}

TEST_F(BestWeightsTest, AFullDiskCostsOneOfThemAndNotTheRun) {
  auto best = At(0);
  FillTheDisk();
  EXPECT_NO_THROW(Offer(best, 2, 10));
  EXPECT_FALSE(fs::exists(path_));
  Offer(best, 3, 20);  // worse than what is nowhere
  EXPECT_EQ(Kept(), "20");
  FillTheDisk();
  EXPECT_NO_THROW(Offer(best, 1, 30));
  EXPECT_EQ(Kept(), "20");
  Offer(best, 2, 40);
  EXPECT_EQ(Kept(), "40");
}

TEST_F(BestWeightsTest, AFullDiskAtTheEndIsAFailureOfTheSystem) {
  auto best = At(0);
  FillTheDisk();
  try {
    Offer(best, 2, kLast);
    FAIL() << "a run without its product has ended well";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSystem) << error.what();
  }
}

TEST_F(BestWeightsTest, AFolderThatWasRemovedIsMadeAgain) {
  const auto path = scratch_.path() / "removed/best.safetensors";
  BestWeights best(path, {}, "", kLast);
  best.GoOnAt(0);
  EXPECT_NO_THROW(Offer(best, 2, 10));
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(BestWeightsTest, NorByWhatAResumeComesTo) {
  auto before = At(0);
  Offer(before, 1, 30);
  auto resumed = At(20);
  EXPECT_TRUE(fs::exists(path_));  // until there is another
  Offer(resumed, 5, 25);
  EXPECT_EQ(Kept("score"), "5");
}

TEST_F(BestWeightsTest, AStepOrScoreThatIsNoNumberIsToldInALine) {
  for (const auto& [step, score] : {std::pair{"ten", "1"},
                                    {"10", "good"},
                                    {"10", "1.5x"},
                                    {"10", "-inf"},
                                    {"99999999999999999999", "1"},
                                    {"10", "1e999"}}) {
    WriteSafeTensors(path_, {{"w", torch::ones({2})}},
                     {{"flags", "--a=1\n"}, {"step", step}, {"score", score}});
    const auto error = ErrorIn([&] { At(20); });
    ASSERT_TRUE(error) << step << ", " << score;
    EXPECT_EQ(error->exit_code(), 1);
    EXPECT_NE(std::string(error->what()).find("best.safetensors: its metadata say "), std::string::npos);
  }
}

TEST_F(BestWeightsTest, AFileWithoutAScoreIsNoMeasure) {
  WriteSafeTensors(path_, {{"w", torch::ones({2})}}, {{"flags", "--a=1\n"}});
  auto resumed = At(20);
  Offer(resumed, 5, 30);
  EXPECT_EQ(Kept("score"), "5");
}

TEST_F(BestWeightsTest, AnotherRunsFileIsMovedAsideOneOfAnOlderVersionIsNot) {
  auto before = At(0);
  Offer(before, 1, 10);
  At(20, "--a=1\n--new=0\n");
  EXPECT_TRUE(fs::exists(path_));
  At(20, "--a=2\n");
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace helio::app
