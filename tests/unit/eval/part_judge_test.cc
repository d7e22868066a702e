#include "src/eval/part_judge.h"

#include <gtest/gtest.h>

#include "src/base/random.h"

namespace helio::eval {
namespace {

struct Drawings {
  torch::Tensor pictures, colours;  // {N, 3, 66, 66} uint8, {N, 2} in [0, 3)
};

// Two blocks in the upper and lower half, each red, green or blue, on grey.
Drawings Draw(int64_t count, uint64_t seed) {
  RandomStream random(seed);
  Drawings result{torch::full({count, 3, 66, 66}, 120, torch::kUInt8),
                  torch::zeros({count, 2}, torch::kInt64)};
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t part = 0; part < 2; ++part) {
      const int64_t colour = random.Below(3);
      const auto block = result.pictures[i].narrow(1, 8 + 30 * part, 20).narrow(2, 16, 34);
      block.fill_(20);
      block[colour].fill_(230);
      result.colours[i][part] = colour;
    }
  }
  return result;
}

PartJudgeOptions Short() {
  PartJudgeOptions options;
  options.steps = 25;
  options.batch = 16;
  return options;
}

TEST(PartJudge, LearnsWhichPartHasWhichColour) {
  const auto train = Draw(200, 1), held_out = Draw(100, 2);
  auto judge = TrainPartJudge(train.pictures, train.colours, 3, Short());
  EXPECT_GT(PartJudgeAccuracy(judge, held_out.pictures, held_out.colours), 0.9);
}

TEST(PartJudge, IsAFunctionOfItsArgumentsAndLeavesTheGlobalGeneratorAlone) {
  const auto train = Draw(50, 1);
  auto options = Short();
  options.steps = 3;
  torch::manual_seed(7);
  const auto expected = torch::rand({1});
  torch::manual_seed(7);
  const auto a = TrainPartJudge(train.pictures, train.colours, 3, options);
  EXPECT_TRUE(torch::equal(torch::rand({1}), expected));
  const auto b = TrainPartJudge(train.pictures, train.colours, 3, options);
  const auto state_a = StateOf(*a), state_b = StateOf(*b);
  for (size_t i = 0; i < state_a.size(); ++i) EXPECT_TRUE(torch::equal(state_a[i].second, state_b[i].second));
}

TEST(PartJudge, TellsLeftFromRightWhereItSeesNoMirroredPictures) {
  const auto turned = [](Drawings drawings) {
    drawings.pictures = drawings.pictures.transpose(2, 3).contiguous();
    return drawings;
  };
  const auto train = turned(Draw(200, 1)), held_out = turned(Draw(100, 2));
  auto options = Short();
  options.mirror = false;
  auto judge = TrainPartJudge(train.pictures, train.colours, 3, options);
  EXPECT_GT(PartJudgeAccuracy(judge, held_out.pictures, held_out.colours), 0.9);
}

TEST(PartJudge, AcceptsOtherSides) {
  const auto train = Draw(20, 1);
  auto options = Short();
  options.steps = 1;
  auto judge = TrainPartJudge(train.pictures, train.colours, 3, options);
  EXPECT_EQ(JudgeParts(judge, torch::zeros({2, 3, 128, 128})).sizes(), (std::vector<int64_t>{2, 2, 3}));
}

}  // namespace
}  // namespace helio::eval
