#include "src/eval/place_score.h"

#include <gtest/gtest.h>

namespace helio::eval {
namespace {

// A background that changes from top to bottom, a perch across it, and a rectangle {left, top, width, height}
// of cells of 1/32.
torch::Tensor PictureOf(const std::vector<int64_t>& box) {
  auto picture = torch::linspace(-0.5, 0.5, 32).view({1, 32, 1}).expand({3, 32, 32}).clone();
  picture.narrow(1, 28, 1).fill_(-0.9);
  picture.narrow(1, box[1], box[3]).narrow(2, box[0], box[2]).fill_(1);
  return picture;
}

TEST(PlaceScore, SeesWhatStandsBeforeTheBackground) {
  const auto seen = ForegroundBoxes(torch::stack({PictureOf({4, 6, 10, 12}), PictureOf({18, 2, 8, 8})}));
  const auto expected = torch::tensor({{4., 6., 10., 12.}, {18., 2., 8., 8.}}, torch::kFloat64) / 32;
  EXPECT_LE((seen - expected).abs().max().item<double>(), 1.01 / 32);
  EXPECT_EQ(ForegroundBoxes(torch::zeros({1, 3, 32, 32})).abs().sum().item<double>(), 0);
}

TEST(PlaceScore, OverlapIsOfAreas) {
  const auto a =
      torch::tensor({{0., 0., 0.5, 0.5}, {0., 0., 0.2, 0.2}, {0.1, 0.1, 0.2, 0.2}}, torch::kFloat64);
  const auto b =
      torch::tensor({{0.25, 0., 0.5, 0.5}, {0.5, 0.5, 0.2, 0.2}, {0.1, 0.1, 0.2, 0.2}}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(IntersectionOverUnion(a, b), torch::tensor({1. / 3, 0., 1.}, torch::kFloat64)));
}

TEST(PlaceScore, PointsSpanABox) {
  const auto points =
      torch::tensor({{{.2, .3, 1.}, {.9, .9, 0.}, {.4, .7, 1.}}, {{.1, .1, 0.}, {.2, .2, 0.}, {0., 0., 0.}}});
  const auto boxes = BoxesOfPoints(points);
  EXPECT_TRUE(torch::allclose(boxes[0], torch::tensor({.2, .3, .2, .4}).to(boxes.scalar_type())));
  EXPECT_EQ(boxes[1].abs().sum().item<double>(), 0);
}

TEST(PlaceScore, ComparesWithAnothersBox) {
  PlaceScore score("place");
  EvalBatch batch;
  batch.positions = torch::arange(20);
  std::vector<torch::Tensor> pictures, boxes;
  for (int64_t i = 0; i < 20; ++i) {
    const std::vector<int64_t> box{i % 2 == 0 ? 2 : 18, 4, 10, 12};
    pictures.push_back(PictureOf(box));
    boxes.push_back(torch::tensor(box, torch::kFloat32) / 32);
  }
  batch.images = torch::stack(pictures);
  batch.boxes = torch::stack(boxes);
  score.Consume(batch);
  const auto scores = score.Finish(score.Partial());
  ASSERT_EQ(scores.size(), 4);
  EXPECT_EQ(scores[0].name, "place_overlap");
  EXPECT_GT(scores[0].value, 0.75);
  EXPECT_EQ(scores[1].value, 0);
  EXPECT_LT(scores[2].value, 1. / 32);
  EXPECT_LT(scores[3].value, 0.2);
}

}  // namespace
}  // namespace helio::eval
