#include "src/eval/colour_binding.h"

#include <gmock/gmock.h>

#include "src/base/error.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

// Words 1..4 call colours 0..3; 5.. call none; 1 and 6 are one colour.
torch::Tensor ColourOfWord() { return torch::tensor({-1, 0, 1, 2, 3, -1, 0, -1}, torch::kInt64); }

torch::Tensor OneHot(const std::vector<int64_t>& colours) {
  return torch::one_hot(torch::tensor(colours), 4);
}

TEST(ColourBinding, CountsOnlyAskedPartsAndTellsPartFromAnywhere) {
  EvalBatch batch;
  batch.positions = torch::arange(2);
  batch.asked = torch::tensor({{0, 1, -1}, {2, -1, 3}}, torch::kInt64);
  batch.images =
      torch::stack({OneHot({0, 2, 1}), OneHot({2, 0, 3})});  // 3 of 4 on their part, all 4 anywhere
  ColourBinding binding("colour", [](const torch::Tensor& x) { return x; }, {2, ""});
  binding.Consume(batch);
  const auto scores = binding.Finish(MergePartials({binding.Partial()}));
  EXPECT_DOUBLE_EQ(scores[0].value, 0.75);
  EXPECT_DOUBLE_EQ(scores[1].value, 1.0);
  EXPECT_DOUBLE_EQ(scores[2].value, 0.5);
  EXPECT_EQ(scores[0].name, "colour_part_accuracy");
}

TEST(ColourBinding, TellsPartsAndAskedColoursApart) {
  EvalBatch batch;
  batch.positions = torch::arange(4);
  batch.asked = torch::tensor({{0, 1}, {0, -1}, {2, 0}, {1, 1}}, torch::kInt64);
  batch.images = torch::stack({OneHot({0, 2}), OneHot({1, 0}), OneHot({2, 0}), OneHot({1, 3})});
  ColourBinding binding("colour", [](const torch::Tensor& x) { return x; },
                        {2, "", {"head", "wings"}, {"black", "white", "red", "blue"}});
  binding.Consume(batch);
  std::map<std::string, Score> scores;
  for (const auto& score : binding.Finish(binding.Partial())) scores[score.name] = score;
  EXPECT_DOUBLE_EQ(scores.at("colour_part_accuracy_head").value, 0.75);
  EXPECT_NEAR(scores.at("colour_part_accuracy_wings").value, 0.25, 1e-12);  // folds of 1 and 2 rows
  EXPECT_EQ(scores.at("colour_part_accuracy_wings").protocol, "N=4 asked=3 folds=2");
  EXPECT_NEAR(scores.at("colour_part_accuracy_black").value, 0.75, 1e-12);
  EXPECT_NEAR(scores.at("colour_part_accuracy_white").value, 0.25, 1e-12);
  EXPECT_FALSE(scores.contains("colour_part_accuracy_red"));   // asked for once: fewer than folds
  EXPECT_FALSE(scores.contains("colour_part_accuracy_blue"));  // never
}

TEST(ColourBinding, SaysWhenNoCaptionNamesColours) {
  ColourBinding binding("colour", [](const torch::Tensor& x) { return x; }, {2, ""});
  EvalBatch batch;
  batch.positions = torch::arange(5);
  batch.images = OneHot({0, 1, 2}).repeat({5, 1, 1});
  batch.asked = torch::full({5, 3}, -1, torch::kInt64);
  binding.Consume(batch);
  EXPECT_THROW(binding.Finish(MergePartials({binding.Partial()})), Error);
}

TEST(SwapColours, ExchangesTwoWordsOfDifferentColours) {
  const auto captions = torch::tensor({{5, 1, 7, 3, 0, 0}, {1, 5, 6, 7, 2, 0}}, torch::kInt64);
  const auto result = SwapColours(captions, torch::tensor({4, 5}), ColourOfWord(), torch::arange(2), 9);
  EXPECT_TRUE(result.swapped.all().item<bool>());
  EXPECT_TRUE(torch::equal(result.captions[0], torch::tensor({5, 3, 7, 1, 0, 0}, torch::kInt64)));
  EXPECT_FALSE(torch::equal(result.captions[1], captions[1]));
  EXPECT_TRUE(torch::equal(std::get<0>(result.captions[1].sort()), std::get<0>(captions[1].sort())));
}

TEST(SwapColours, LeavesCaptionsOfOneColourAndWordsBeyondTheEnd) {
  const auto captions = torch::tensor({{1, 6, 5, 0}, {1, 5, 0, 3}}, torch::kInt64);
  const auto result = SwapColours(captions, torch::tensor({3, 2}), ColourOfWord(), torch::arange(2), 9);
  EXPECT_FALSE(result.swapped.any().item<bool>());
  EXPECT_TRUE(torch::equal(result.captions, captions));
}

TEST(ColourSwap, IsOneForCodesThatKnowOrderAndIgnoresUnswapped) {
  const auto code = [](const torch::Tensor& c, const torch::Tensor&) {
    return torch::one_hot(c, 8).flatten(1).to(torch::kFloat32);
  };
  EvalBatch batch;
  batch.positions = torch::arange(20);
  batch.captions = torch::tensor({{1, 2, 5}, {6, 1, 5}}, torch::kInt64).repeat({10, 1});
  batch.lengths = torch::full({20}, 3, torch::kInt64);
  batch.images = code(batch.captions, {});
  const auto make = [&] {
    return ColourSwap(
        "colour_swap", [](const torch::Tensor& x) { return x; }, code, ColourOfWord());
  };
  const auto scores = ScoreOverRanks(batch, 2, make);
  EXPECT_DOUBLE_EQ(scores[0].value, 1.0);
  EXPECT_THAT(scores[0].protocol, ::testing::HasSubstr("N=10 of 20"));
}

}  // namespace
}  // namespace helio::eval
