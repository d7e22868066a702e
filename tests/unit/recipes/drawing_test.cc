// What drawers draw: the noise of a row is its own, whatever is drawn beside it; ways between two noises and
// between two captions.
#include <gtest/gtest.h>

#include "src/base/noise.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

using recipes::DrawingNoise;
using recipes::DrawingRows;

torch::Tensor Noise(const DrawingRows& rows) { return DrawingNoise(rows, "noise", 64, torch::zeros({1})); }

TEST(PromptTest, HasTheRowsOfWhateverIsAsked) {
  recipes::Prompt captions, classes, embeddings;
  captions.captions = torch::ones({3, 5}, torch::kInt64);
  classes.classes = torch::zeros({2}, torch::kInt64);
  embeddings.embeddings = torch::zeros({4, 8});
  EXPECT_EQ(captions.rows(), 3);
  EXPECT_EQ(classes.rows(), 2);
  EXPECT_EQ(embeddings.rows(), 4);
  EXPECT_EQ(recipes::Prompt().rows(), 0);
}

TEST(DrawingNoiseTest, IsAFunctionOfSeedAndRow) {
  const auto whole = NormalOfRows(RandomKey(3, "noise"), {0, 4, 4}, {64});
  EXPECT_TRUE(torch::equal(Noise(recipes::RowsOf(3, {0, 4, 4})), whole));
  EXPECT_TRUE(torch::equal(Noise(recipes::RowsOf(3, {2, 2, 4})), whole.narrow(0, 2, 2)));
  const auto mixed = Noise({{3, 1}, {4, 1}, {3, 0}});
  EXPECT_TRUE(torch::equal(mixed[0], whole[1]));
  EXPECT_TRUE(torch::equal(mixed[2], whole[0]));
  EXPECT_FALSE(torch::equal(mixed[1], whole[1]));
}

TEST(DrawingNoiseTest, GoesOnAGreatCircle) {
  const auto way = Noise({{3, 0, 5, 0}, {3, 0, 5, 0.5}, {3, 0, 5, 1}});
  EXPECT_TRUE(torch::equal(way[0], Noise({{3, 0}})[0]));
  EXPECT_TRUE(torch::allclose(way[2], Noise({{5, 0}})[0], 1e-4, 1e-5));
  // Halfway: the sum of the ends, as long as makes the mean of two vectors of equal length one of theirs.
  const auto length = [&](int i) { return way[i].norm().item<double>(); };
  const double angle = std::acos(way[0].dot(way[2]).item<double>() / (length(0) * length(2)));
  EXPECT_TRUE(torch::allclose(way[1], (way[0] + way[2]) / (2 * std::cos(angle / 2)), 1e-4, 1e-5));
  EXPECT_GT(length(1), 0.8 * std::min(length(0), length(2)));
  // The way from a noise to itself stays there.
  EXPECT_TRUE(torch::allclose(Noise({{3, 0, 3, 0.3}}), Noise({{3, 0}}), 1e-4, 1e-5));
}

class CaptionWay : public ::testing::TestWithParam<const char*> {
 protected:
  static OptionValues Options() {
    auto options = ToyOptions();
    options["sentence"] = "damsm";
    return options;
  }
  CaptionWay()
      : system_(
            recipes::MakeSystem(GetParam(), Options(), {solo_, solo_, 7, {{}, /*random=*/true}, ToyFacts()})),
        drawer_(system_->MakeDrawer()) {}

  static recipes::Prompt Of(const std::vector<int64_t>& ids, const std::vector<int64_t>& lengths) {
    recipes::Prompt prompt;
    prompt.captions = torch::tensor(ids, torch::kInt64).view({-1, 5});
    prompt.lengths = torch::tensor(lengths, torch::kInt64);
    return prompt;
  }
  torch::Tensor Drawn(const recipes::Prompt& prompt, const DrawingRows& rows) {
    return drawer_->Draw(prompt, rows).images.back();
  }

  SoloBatch solo_;
  const std::unique_ptr<recipes::System> system_;
  const std::unique_ptr<recipes::Drawer> drawer_;
};

TEST_P(CaptionWay, BeginsAndEndsWithTheCaptions) {
  ASSERT_TRUE(drawer_->mixes_captions());
  const std::vector<int64_t> shorter{3, 5, 0, 0, 0}, longer{7, 7, 1, 2, 6};
  auto way = Of({3, 5, 0, 0, 0, 3, 5, 0, 0, 0, 3, 5, 0, 0, 0}, {2, 2, 2});
  const auto other = Of({7, 7, 1, 2, 6, 7, 7, 1, 2, 6, 7, 7, 1, 2, 6}, {5, 5, 5});
  way.share = torch::tensor({0.0F, 0.5F, 1.0F});
  way.other_captions = other.captions;
  way.other_lengths = other.lengths;
  const auto pictures = Drawn(way, {{3, 0}, {3, 0}, {3, 0}});
  const auto first = Drawn(Of(shorter, {2}), {{3, 0}})[0], last = Drawn(Of(longer, {5}), {{3, 0}})[0];
  EXPECT_TRUE(torch::allclose(pictures[0], first, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(pictures[2], last, 1e-4, 1e-5));
  EXPECT_GT((pictures[1] - first).abs().max().item<double>(), 1e-6);
  EXPECT_GT((pictures[1] - last).abs().max().item<double>(), 1e-6);
}

TEST_P(CaptionWay, ARowIsTheSameWhateverIsDrawnBesideIt) {
  const auto together = Drawn(Of({3, 5, 0, 0, 0, 7, 7, 1, 2, 6}, {2, 5}), {{3, 1}, {8, 0}});
  const auto alone = Drawn(Of({7, 7, 1, 2, 6}, {5}), {{8, 0}})[0];
  EXPECT_TRUE(torch::allclose(together[1], alone, 1e-4, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(Systems, CaptionWay, ::testing::Values("attngan", "mirrorgan", "stackgan_pp"));

}  // namespace
}  // namespace helio::testing
