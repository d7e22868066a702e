// Which classes a system is asked for, and what the scores of their pictures say of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "src/eval/evaluation.h"
#include "src/eval/samples.h"
#include "tests/support/default_dtype.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::eval {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kImages = 66;  // more than a chunk

// Grey pictures; knows what it was asked for.
class GreyDrawer : public recipes::Drawer {
 public:
  explicit GreyDrawer(int64_t classes) : classes_(classes) {}
  recipes::Pictures Draw(const recipes::Prompt& prompt, const recipes::DrawingRows& /*rows*/) override {
    EXPECT_FALSE(prompt.captions.defined());
    asked = prompt.classes;
    return {.images = {torch::zeros({prompt.rows(), 3, 16, 16})}, .attention = {}};
  }
  void ReestimateStatistics(const std::vector<recipes::Prompt>&, uint64_t) override {}
  std::string manner() const override { return "chains of 4 updates"; }
  int64_t classes() const override { return classes_; }
  std::string part() const override { return "netG"; }

  torch::Tensor asked;  // of the last chunk

 private:
  const int64_t classes_;
};

// Told nothing: what the judges read reaches it, and it does not look.
class NoiseDrawer : public GreyDrawer {
 public:
  NoiseDrawer() : GreyDrawer(0) {}
  recipes::Pictures Draw(const recipes::Prompt& prompt, const recipes::DrawingRows& /*rows*/) override {
    return {.images = {torch::zeros({prompt.rows(), 3, 16, 16})}, .attention = {}};
  }
};

// Pictures of two classes, judged by a small classifier with random weights.
class ClassEvaluationTest : public ::testing::Test {
 protected:
  std::vector<Score> Evaluate(int64_t drawer_knows, int64_t judge_knows, int ranks = 1) {
    Judges judges;
    judges.classifier = nn::Classifier(nn::MakeImageTrunk("small", "--image_trunk"), judge_knows);
    judges.classifier->eval();
    std::vector<Score> scores;
    cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
      GreyDrawer drawer(drawer_knows);
      const dataio::DomainNeeds needs{.sides = {16}};
      auto own = EvaluateClasses(drawer, {judges, rows_, needs, {.images = kImages}, communicator});
      if (communicator.rank() + 1 < ranks) return;
      scores = std::move(own);
      asked_ = drawer.asked;
    });
    return scores;
  }

  const ScratchFolder scratch_{"class_evaluation"};
  const dataio::Dataset rows_{dataio::PackSmallSet(scratch_.path(), 8), "train"};
  torch::Tensor asked_;  // of the last two pictures
};

TEST_F(ClassEvaluationTest, ClassesAreThoseOfTheRowsBesideTheirOwnPictures) {
  const auto scores = Evaluate(2, 2);
  ASSERT_EQ(scores.size(), 4u);
  EXPECT_EQ(scores[0].name, "class_accuracy");
  EXPECT_EQ(scores[2].name, "real_class_accuracy");
  EXPECT_THAT(scores[0].protocol, HasSubstr("; unrounded pictures of classes of train of data set "));
  EXPECT_THAT(scores[0].protocol, HasSubstr("chains of 4 updates, seed=1"));
  EXPECT_EQ(scores[2].protocol.find("chains"), std::string::npos);
}

// Of an encoder with ImageNet's classes a data set of two says nothing.
TEST_F(ClassEvaluationTest, ClassesThatTheRowsDoNotHaveAreAskedForInTurn) {
  for (const int ranks : {1, 2}) {
    const auto scores = Evaluate(5, 5, ranks);
    ASSERT_EQ(scores.size(), 2u);
    EXPECT_THAT(scores[0].protocol, HasSubstr("of each of 5 classes in turn"));
    EXPECT_TRUE(torch::equal(asked_, torch::tensor({64 % 5, 65 % 5}, torch::kInt64))) << asked_;
  }
}

TEST_F(ClassEvaluationTest, RealPicturesAreJudgedInFloat64Too) {
  const DefaultDtype in_double(torch::kFloat64);
  EXPECT_EQ(Evaluate(2, 2).size(), 4u);
}

TEST_F(ClassEvaluationTest, PicturesOfNoiseAloneAreNotCalledThoseOfCaptions) {
  Judges judges;
  judges.classifier = nn::Classifier(nn::MakeImageTrunk("small", "--image_trunk"), 2);
  judges.classifier->eval();
  cluster::RunThreadRanks(1, [&](cluster::Communicator& communicator) {
    NoiseDrawer drawer;
    const dataio::DomainNeeds needs{.sides = {16}, .captions = false};
    const auto scores = EvaluateGenerator(drawer, {judges, rows_, needs, {.images = kImages}, communicator});
    ASSERT_EQ(scores.size(), 1u);
    EXPECT_THAT(scores[0].protocol, HasSubstr("; unrounded pictures of noise alone, beside train of data"));
  });
}

// The rows have captions: of pictures that were not drawn for them they would say what is not so.
TEST_F(ClassEvaluationTest, SamplesOfASystemThatIsToldNoSentencesHaveNone) {
  GreyDrawer drawer(2);
  const dataio::DomainNeeds needs{.sides = {16}, .captions = false};
  const DrawnSamples samples(drawer, rows_, needs, {.count = 3});
  EXPECT_THAT(samples.Captions(), ::testing::Each(""));
}

TEST_F(ClassEvaluationTest, AFileThatHoldsNoClassifierIsNamed) {
  recipes::PretrainedWeights weights;
  weights.by_role["classifier"] = {{"netG.fc.weight", torch::zeros({2, 3})}};
  EXPECT_THAT(ErrorOf([&] { MakePictureJudges({}, weights, {}); }),
              HasSubstr("--classifier: has no tensor 'classifier.fc.weight' (pass a best.safetensors of "
                        "helio-pretrain --recipe=classifier"));
}

TEST_F(ClassEvaluationTest, AJudgeOfOtherClassesIsRefused) {
  EXPECT_THAT(ErrorOf([&] { Evaluate(5, 2); }), HasSubstr("knows 2 classes, the system draws 5"));
}

}  // namespace
}  // namespace helio::eval
