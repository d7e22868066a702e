#include "dataio/sampler.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "src/base/rows.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

using Key = std::tuple<int64_t, int64_t, int64_t>;

std::vector<Key> Keys(const std::vector<Draw>& draws) {
  std::vector<Key> keys;
  for (const auto& draw : draws) keys.emplace_back(draw.row, draw.caption, draw.length);
  return keys;
}

class SamplerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>("sampler");
    dataset_ = std::make_unique<Dataset>(PackSmallSet(scratch_->path(), 23), "train");
  }
  static void TearDownTestSuite() {
    dataset_.reset();
    scratch_.reset();
  }
  static std::unique_ptr<ScratchFolder> scratch_;
  static std::unique_ptr<Dataset> dataset_;
};

std::unique_ptr<ScratchFolder> SamplerTest::scratch_;
std::unique_ptr<Dataset> SamplerTest::dataset_;

TEST_F(SamplerTest, EveryEpochDrawsEveryRowOnceButTheIncompleteBatch) {
  const Sampler sampler(*dataset_, 5, {.words = 8}, 1);
  ASSERT_EQ(sampler.batches_per_epoch(), 4);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> rows;
    for (int64_t k = 0; k < 4; ++k)
      for (const auto& draw : sampler.Batch(epoch * 4 + k)) rows.insert(draw.row);
    EXPECT_EQ(rows.size(), 20u) << epoch;
    EXPECT_LT(*rows.rbegin(), 23);
  }
}

TEST_F(SamplerTest, WholeBatchesLeaveNothingOut) {
  const Sampler sampler(*dataset_, 23, {.words = 8}, 1);
  std::set<int64_t> rows;
  for (const auto& draw : sampler.Batch(6)) rows.insert(draw.row);
  EXPECT_EQ(rows.size(), 23u);
}

TEST_F(SamplerTest, AFunctionOfSeedAndStepInAnyOrder) {
  const Sampler forth(*dataset_, 5, {.words = 8}, 1), back(*dataset_, 5, {.words = 8}, 1);
  std::vector<std::vector<Key>> batches;
  for (int64_t step = 0; step < 40; ++step) batches.push_back(Keys(forth.Batch(step)));
  for (int64_t step = 39; step >= 0; --step)
    EXPECT_EQ(Keys(back.Batch(step)), batches[static_cast<size_t>(step)]) << step;
}

TEST_F(SamplerTest, SeedsAndEpochsDiffer) {
  const Sampler one(*dataset_, 20, {.words = 8}, 1), two(*dataset_, 20, {.words = 8}, 2);
  EXPECT_NE(Keys(one.Batch(0)), Keys(two.Batch(0)));
  EXPECT_NE(Keys(one.Batch(0)), Keys(one.Batch(1)));
}

TEST_F(SamplerTest, RanksHoldDisjointPartsOfTheSameBatchWhateverTheirNumber) {
  const Sampler sampler(*dataset_, 7, {.words = 8}, 1);
  const auto whole = Keys(sampler.Batch(2));
  for (const int64_t ranks : {1, 2, 3, 4, 7}) {
    std::vector<Key> joined;
    for (int64_t rank = 0; rank < ranks; ++rank) {
      const auto rows = SplitRows(7, rank, ranks);
      joined.insert(joined.end(), whole.begin() + rows.first, whole.begin() + rows.end());
    }
    EXPECT_EQ(joined, whole) << ranks;
  }
}

TEST_F(SamplerTest, LongestCaptionFirstAndNoneLongerThanTheLimit) {
  const Sampler sampler(*dataset_, 20, {.words = 8}, 1);
  const auto draws = sampler.Batch(0);
  for (size_t i = 0; i < draws.size(); ++i) {
    EXPECT_EQ(draws[i].length, std::min<int64_t>(8, dataset_->TokenCount(draws[i].row, draws[i].caption)));
    EXPECT_GE(draws[i > 0 ? i - 1 : 0].length, draws[i].length);
  }
}

TEST_F(SamplerTest, EveryCaptionOfARecordComesUp) {
  const Sampler sampler(*dataset_, 23, {.words = 8}, 1);
  std::vector<std::set<int64_t>> seen(23);
  for (int64_t epoch = 0; epoch < 40; ++epoch)
    for (const auto& draw : sampler.Batch(epoch)) seen[static_cast<size_t>(draw.row)].insert(draw.caption);
  for (int64_t row = 0; row < 23; ++row)
    EXPECT_EQ(static_cast<int64_t>(seen[static_cast<size_t>(row)].size()), dataset_->Captions(row));
}

// With --accumulate a step takes several batches: an epoch never begins in the middle of one.
TEST_F(SamplerTest, AnEpochIsAWholeNumberOfSteps) {
  EXPECT_EQ(Sampler(*dataset_, 5, {.words = 8}, 1, 3).batches_per_epoch(), 3);
  EXPECT_EQ(Sampler(*dataset_, 5, {.words = 8}, 1, 2).batches_per_epoch(), 4);
}

TEST_F(SamplerTest, RefusesABatchLargerThanTheSplit) {
  EXPECT_NE(ErrorOf([] { Sampler(*dataset_, 24, {.words = 8}, 1); }).find("fewer than a batch of 24"),
            std::string::npos);
  EXPECT_NE(ErrorOf([] { Sampler(*dataset_, 0, {.words = 8}, 1); }), "");
}

// Threads at epochs far apart push each other's orders out of the cache.
TEST_F(SamplerTest, ThreadsFarApartDoNotDisturbEachOther) {
  const Sampler shared(*dataset_, 5, {.words = 8}, 1), alone(*dataset_, 5, {.words = 8}, 1);
  std::vector<std::vector<Key>> expected;
  for (int64_t step = 0; step < 400; ++step) expected.push_back(Keys(alone.Batch(step)));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 400; ++i) {
        const int64_t step = (i * 37 + t * 51) % 400;
        wrong += Keys(shared.Batch(step)) != expected[static_cast<size_t>(step)];
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(CutCaptionTest, ShortCaptionsStayWhole) {
  EXPECT_EQ(CutCaption({4, 5, 6}, 3, 1), (std::vector<int32_t>{4, 5, 6}));
}

TEST(CutCaptionTest, LongOnesKeepARandomSubsetOfPositionsInOrder) {
  const std::vector<int32_t> tokens{1, 2, 3, 4, 5, 6, 7, 8};
  std::set<std::vector<int32_t>> cuts;
  std::set<int32_t> kept;
  for (uint64_t key = 0; key < 200; ++key) {
    const auto cut = CutCaption(tokens, 3, key);
    ASSERT_EQ(cut.size(), 3u);
    EXPECT_TRUE(std::is_sorted(cut.begin(), cut.end()));
    EXPECT_EQ(std::set(cut.begin(), cut.end()).size(), 3u);
    EXPECT_EQ(cut, CutCaption(tokens, 3, key));
    cuts.insert(cut);
    kept.insert(cut.begin(), cut.end());
  }
  EXPECT_GT(cuts.size(), 40u);  // of 56
  EXPECT_EQ(kept.size(), 8u);
}

TEST(ShuffledRowsTest, EveryPlaceIsReachedFromEveryRow) {
  std::set<std::pair<size_t, int64_t>> seen;
  for (uint64_t key = 0; key < 200; ++key) {
    const auto order = ShuffledRows(5, key);
    EXPECT_EQ(std::set(order.begin(), order.end()).size(), 5u);
    for (size_t i = 0; i < 5; ++i) seen.emplace(i, order[i]);
  }
  EXPECT_EQ(seen.size(), 25u);
}

}  // namespace
}  // namespace helio::dataio
