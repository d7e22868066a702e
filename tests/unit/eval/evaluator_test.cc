#include "src/eval/evaluator.h"

#include <gtest/gtest.h>

#include "src/base/error.h"

namespace helio::eval {
namespace {

NamedTensors Rows(std::vector<int64_t> positions) {
  const auto numbers = torch::tensor(positions, torch::kInt64);
  return {{"positions", numbers}, {"values", numbers.to(torch::kFloat32) * 10}};
}

TEST(MergePartials, PutsRowsIntoPositionOrder) {
  const auto merged = MergePartials({Rows({4, 0}), Rows({3, 1}), Rows({2})});
  EXPECT_TRUE(torch::equal(merged[0].second, torch::arange(5)));
  EXPECT_TRUE(torch::equal(merged[1].second, torch::arange(5).to(torch::kFloat32) * 10));
}

TEST(MergePartials, DropsRepeatedPositions) {
  const auto merged = MergePartials({Rows({0, 1}), Rows({1, 2})});
  EXPECT_TRUE(torch::equal(merged[0].second, torch::arange(3)));
}

TEST(MergePartials, SkipsRanksWithoutSamples) {
  EXPECT_EQ(MergePartials({{}, Rows({1}), {}})[0].second.numel(), 1);
  EXPECT_TRUE(MergePartials({{}, {}}).empty());
}

TEST(MergePartials, RefusesRanksThatLoadedDifferentNetworks) {
  NamedTensors wide = {{"positions", torch::tensor({int64_t{1}})}, {"values", torch::zeros({1, 2})}};
  EXPECT_THROW(MergePartials({Rows({0}), wide}), Error);
}

TEST(MergePartials, DoesNotCopyRowsInOrder) {
  const auto rows = Rows({0, 1, 2});
  EXPECT_EQ(MergePartials({rows})[1].second.data_ptr(), rows[1].second.data_ptr());
}

TEST(RowCollector, JoinsOnceAndGoesOn) {
  RowCollector collector;
  EXPECT_TRUE(collector.Rows().empty());
  collector.Add(Rows({0}));
  collector.Add(Rows({1, 2}));
  const auto joined = collector.Rows();
  EXPECT_TRUE(torch::equal(joined[0].second, torch::arange(3)));
  EXPECT_EQ(collector.Rows()[1].second.data_ptr(), joined[1].second.data_ptr());
  collector.Add(Rows({3}));
  EXPECT_TRUE(torch::equal(collector.Rows()[0].second, torch::arange(4)));
}

TEST(FoldMeans, FoldsCoverEveryValueOnce) {
  const auto folds = FoldMeans(torch::tensor({1.0, 0.0, 1.0, 1.0, 0.0}), 2);
  EXPECT_DOUBLE_EQ(folds.parts[0], 0.5);
  EXPECT_DOUBLE_EQ(folds.parts[1], 2.0 / 3);
  EXPECT_DOUBLE_EQ(folds.deviation, 1.0 / 12);
  EXPECT_THROW(FoldMeans(torch::ones({3}), 4), Error);
}

}  // namespace
}  // namespace helio::eval
