#include "src/base/random.h"

#include <gtest/gtest.h>

#include "src/base/global_batch.h"
#include "src/base/noise.h"

namespace helio {
namespace {

TEST(RandomKey, DependsOnEveryPart) {
  std::set<uint64_t> keys;
  for (uint64_t seed : {0, 1})
    for (const char* purpose : {"noise", "augment"})
      for (int64_t step : {0, 1, 2}) keys.insert(RandomKey(seed, purpose, {step, 7}));
  keys.insert(RandomKey(0, "noise", {7, 0}));
  EXPECT_EQ(keys.size(), 13u);
  EXPECT_EQ(RandomKey(5, "x", {1, 2}), RandomKey(5, "x", {1, 2}));
}

TEST(RandomStream, BelowIsInRangeAndCoversIt) {
  RandomStream stream(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 7000; ++i) ++counts.at(static_cast<size_t>(stream.Below(7)));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(NormalRows, DoNotDependOnTheSplit) {
  const auto whole = NormalRows(9, SplitRows(10, 0, 1), {3});
  for (const int64_t ranks : {2, 3, 4}) {
    std::vector<torch::Tensor> parts;
    for (int64_t rank = 0; rank < ranks; ++rank)
      parts.push_back(NormalRows(9, SplitRows(10, rank, ranks), {3}));
    EXPECT_TRUE(torch::equal(torch::cat(parts), whole)) << ranks;
  }
  EXPECT_FALSE(torch::equal(whole, NormalRows(10, SplitRows(10, 0, 1), {3})));
  EXPECT_NEAR(NormalRows(1, SplitRows(2000, 0, 1), {5}).std().item<double>(), 1, 0.03);
}

TEST(SplitRows, CoversTheBatchInOrder) {
  for (const int64_t global : {1, 5, 16, 17})
    for (const int64_t ranks : {1, 2, 3, 7}) {
      int64_t next = 0;
      for (int64_t rank = 0; rank < ranks; ++rank) {
        const auto rows = SplitRows(global, rank, ranks);
        EXPECT_EQ(rows.first, next);
        next = rows.end();
      }
      EXPECT_EQ(next, global);
    }
}

TEST(GatherRows, OneRankIsTheIdentity) {
  SoloBatch solo;
  const auto own = torch::randn({4, 2}).requires_grad_();
  const auto all = GatherRows(solo, own, SplitRows(4, 0, 1));
  EXPECT_TRUE(torch::equal(all, own));
  EXPECT_TRUE(all.requires_grad());
}

}  // namespace
}  // namespace helio
