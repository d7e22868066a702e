#include "dataio/loader.h"

#include <gtest/gtest.h>

#include <system_error>

#include "dataio/prefetcher.h"
#include "dataio/reduction_weights.h"
#include "dataio/upload.h"
#include "tests/unit/dataio/few_threads.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

class LoaderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>("loader");
    dataset_ = std::make_shared<const Dataset>(PackSmallSet(scratch_->path(), 11), "train");
  }
  static void TearDownTestSuite() {
    dataset_.reset();
    scratch_.reset();
  }

  static LoaderOptions Options() { return {.global_batch = 4, .seed = 3, .workers = 1, .prefetch = 4}; }
  static DomainNeeds Needs() { return {.sides = {8, 16}, .words = 6}; }
  static std::vector<Batch> Take(LoaderOptions options, int64_t first, int count) {
    Loader loader({{dataset_, Needs()}}, options, first);
    std::vector<Batch> batches;
    for (int i = 0; i < count; ++i) {
      batches.push_back(loader.Next());
      Upload(batches.back(), Needs(), torch::kCPU, torch::kFloat32);
    }
    return batches;
  }
  static void ExpectEqual(const Batch& first, const Batch& second) {
    EXPECT_EQ(first.epoch, second.epoch);
    EXPECT_EQ(first.batch_in_epoch, second.batch_in_epoch);
    const auto &a = first.data(), &b = second.data();
    EXPECT_EQ(a.records, b.records);
    EXPECT_EQ(a.caption_indices, b.caption_indices);
    EXPECT_TRUE(a.captions.equal(b.captions));
    EXPECT_TRUE(a.caption_lengths.equal(b.caption_lengths));
    EXPECT_TRUE(a.classes.equal(b.classes));
    ASSERT_EQ(a.images.size(), b.images.size());
    for (size_t i = 0; i < a.images.size(); ++i) EXPECT_TRUE(a.images[i].equal(b.images[i])) << i;
  }

  static std::unique_ptr<ScratchFolder> scratch_;
  static std::shared_ptr<const Dataset> dataset_;
};

std::unique_ptr<ScratchFolder> LoaderTest::scratch_;
std::shared_ptr<const Dataset> LoaderTest::dataset_;

TEST_F(LoaderTest, GivesUpAtTheDeadline) {
  Loader loader({{dataset_, Needs()}}, Options(), 0);
  std::string said;  // taking is faster than making: sooner or later there is none
  for (int i = 0; i < 10000 && said.empty(); ++i) said = ErrorOf([&] { loader.Next(0); });
  EXPECT_NE(said.find("no batch within 0 s"), std::string::npos);
}

TEST_F(LoaderTest, AThreadThatIsNotToBeHadIsAnErrorAndTheOthersEnd) {
  auto options = Options();
  options.workers = 5;
  const FewThreads few(3);
  EXPECT_THROW(Loader({{dataset_, Needs()}}, options, 0), std::system_error);
}

TEST_F(LoaderTest, BatchIsAsDocumented) {
  const auto batch = Take(Options(), 3, 1)[0];
  EXPECT_EQ(batch.epoch, 1);  // 2 steps an epoch
  EXPECT_EQ(batch.batch_in_epoch, 1);
  const auto& data = batch.data();
  ASSERT_EQ(data.images.size(), 2u);
  EXPECT_EQ(data.images[0].sizes(), (torch::IntArrayRef{4, 3, 8, 8}));
  EXPECT_EQ(data.images[1].sizes(), (torch::IntArrayRef{4, 3, 16, 16}));
  EXPECT_TRUE(data.images[1].is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_GE(data.images[1].min().item<float>(), -1);
  EXPECT_LE(data.images[1].max().item<float>(), 1);
  EXPECT_GT(data.images[1].std().item<float>(), 0.1);
  EXPECT_EQ(data.captions.sizes(), (torch::IntArrayRef{4, 6}));
}

TEST_F(LoaderTest, APrefetcherGivesTheSame) {
  const auto expected = Take(Options(), 1, 3);
  Loader loader({{dataset_, Needs()}}, Options(), 1);
  Prefetcher prefetcher(loader, {Needs()}, torch::kCPU, torch::kFloat32);
  for (const auto& batch : expected) ExpectEqual(prefetcher.Next(1e8), batch);
}

TEST_F(LoaderTest, SaysHowManyLieReady) {
  Loader loader({{dataset_, Needs()}}, Options(), 0);
  while (loader.ready() < 4) std::this_thread::yield();
  EXPECT_EQ(loader.Next().ready_behind, 3);
}

TEST_F(LoaderTest, PicturesAreBytesUntilTheyAreUploaded) {
  Loader loader({{dataset_, Needs()}}, Options(), 0);
  auto batch = loader.Next();
  auto& data = batch.data();
  EXPECT_EQ(data.stored.pixels.sizes(), (torch::IntArrayRef{4, 3, 16, 16}));
  EXPECT_EQ(data.stored.pixels.scalar_type(), torch::kUInt8);
  EXPECT_TRUE(data.images.empty());
  data.stored.mirrored.zero_();
  const auto expected = Pyramid(data.stored.pixels, {8, 16});
  Upload(batch, Needs(), torch::kCPU, torch::kFloat64);
  EXPECT_FALSE(data.stored.pixels.defined());
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(data.images[i].equal(expected[i].to(torch::kFloat64)));
}

TEST_F(LoaderTest, CaptionsAreCutByTheRuleAndPadded) {
  for (const auto& batch : Take(Options(), 0, 6))
    for (size_t i = 0; i < 4; ++i) {
      const auto all = dataset_->Tokens(batch.data().records[i], batch.data().caption_indices[i]);
      const auto row = batch.data().captions[static_cast<int64_t>(i)];
      const int64_t length = batch.data().caption_lengths[static_cast<int64_t>(i)].item<int64_t>();
      ASSERT_EQ(length, std::min<int64_t>(6, static_cast<int64_t>(all.size())));
      size_t place = 0;  // the kept words are a subsequence of all
      for (int64_t w = 0; w < length; ++w) {
        const auto word = row[w].item<int64_t>();
        while (place < all.size() && all[place] != word) ++place;
        ASSERT_LT(place++, all.size());
      }
      EXPECT_EQ(row.slice(0, length).count_nonzero().item<int64_t>(), 0);
    }
}

TEST_F(LoaderTest, WorkersAndPrefetchChangeNothing) {
  const auto expected = Take(Options(), 0, 8);
  for (const auto& [workers, prefetch] : {std::pair(3, 1), std::pair(4, 8), std::pair(1, 1)}) {
    auto options = Options();
    options.workers = workers;
    options.prefetch = prefetch;
    const auto batches = Take(options, 0, 8);
    for (size_t i = 0; i < 8; ++i) ExpectEqual(batches[i], expected[i]);
  }
}

TEST_F(LoaderTest, StartsAtAnyStep) {
  const auto all = Take(Options(), 0, 6), late = Take(Options(), 4, 2);
  ExpectEqual(late[0], all[4]);
  ExpectEqual(late[1], all[5]);
}

// Rank r's batch is its rows of the whole one.
TEST_F(LoaderTest, RanksChangeNothing) {
  const auto whole = Take(Options(), 0, 4);
  for (const int ranks : {2, 3, 4})
    for (int rank = 0; rank < ranks; ++rank) {
      auto options = Options();
      options.rank = rank;
      options.ranks = ranks;
      const auto part = Take(options, 0, 4);
      for (size_t i = 0; i < 4; ++i) {
        const auto& rows = part[i].rows;
        ASSERT_EQ(rows.first, SplitRows(4, rank, ranks).first);
        EXPECT_TRUE(
            part[i].data().captions.equal(whole[i].data().captions.narrow(0, rows.first, rows.local)));
        EXPECT_TRUE(part[i].data().classes.equal(whole[i].data().classes.narrow(0, rows.first, rows.local)));
        for (size_t s = 0; s < 2; ++s)
          EXPECT_TRUE(
              part[i].data().images[s].equal(whole[i].data().images[s].narrow(0, rows.first, rows.local)));
      }
    }
}

TEST_F(LoaderTest, AugmentationDependsOnTheEpoch) {
  auto options = Options();
  options.global_batch = 11;
  const auto epochs = Take(options, 0, 2);
  int changed = 0;
  for (size_t i = 0; i < 11; ++i)
    for (size_t j = 0; j < 11; ++j)
      if (epochs[0].data().records[i] == epochs[1].data().records[j])
        changed += !epochs[0].data().images[1][static_cast<int64_t>(i)].equal(
            epochs[1].data().images[1][static_cast<int64_t>(j)]);
  EXPECT_GE(changed, 8);
}

// A worker that was left behind reads on: the data set goes with the last one, not with who opened it.
TEST_F(LoaderTest, TheDataOutliveLateWorkers) {
  const ScratchFolder scratch("owned_data");
  auto dataset = std::make_shared<const Dataset>(PackSmallSet(scratch.path(), 11), "train");
  const std::weak_ptr<const Dataset> data = dataset;
  {
    Loader loader({{dataset, Needs()}}, Options(), 0);
    dataset.reset();
    EXPECT_FALSE(data.expired());
    std::string late;
    for (int i = 0; i < 10000 && late.empty(); ++i) late = ErrorOf([&] { loader.Next(0); });
    EXPECT_NE(late, "");
  }
  for (int i = 0; i < 1000 && !data.expired(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(data.expired()) << "the workers have ended";
}

// One that reads for longer than anybody waits.
TEST_F(LoaderTest, ItsEndWaitsForNoWorkerForEver) {
  const ScratchFolder scratch("slow_end");
  auto dataset = std::make_shared<const Dataset>(PackSmallSet(scratch.path(), 11), "train");
  for (const double seconds : {0.0, 60.0}) {
    auto needs = Needs();
    needs.order = Order::kAtRandom;
    auto options = Options();
    options.global_batch = 10000;
    options.end_seconds = seconds;
    {
      Loader loader({{dataset, needs}}, options, 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the worker has begun
    }
    EXPECT_EQ(dataset.use_count() == 1, seconds > 0);
    while (dataset.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_F(LoaderTest, PicturesPackedTooSmallAreRefused) {
  EXPECT_NE(ErrorOf([&] {
              Loader({{dataset_, {.sides = {64}}}}, Options(), 0);
            }).find("pack again with --side=76"),
            std::string::npos);
}

TEST_F(LoaderTest, DamageMetByAWorkerReachesTheConsumer) {
  const ScratchFolder scratch("damaged_loader");
  const auto root = PackSmallSet(scratch.path(), 4);
  const auto dataset = std::make_shared<const Dataset>(root, "train");
  const auto shard = root / "train-00000-of-00001.h5";
  const auto bytes = ReadFile(shard);
  const auto jpeg = bytes.rfind("JFIF");
  ASSERT_NE(jpeg, std::string::npos);
  std::string damaged = bytes;
  damaged[jpeg] = 'X';
  WriteText(shard, damaged);
  auto options = Options();
  options.workers = 2;
  Loader loader({{dataset, Needs()}}, options, 0);
  const auto error = ErrorOf([&] { loader.Next(); });
  EXPECT_NE(error.find("checksum differs"), std::string::npos) << error;
}

// The pictures of a set of one, packed raw: with and without keys, and as the decoded whole has them.
TEST(CropTest, RawRowsAndWholePicturesGiveTheSameWindow) {
  const ScratchFolder scratch("raw_crop");
  auto options = SmallOptions(scratch.path() / "packed");
  options.codec = Codec::kRaw;
  PackDataset({SmallSplit(scratch.path(), "train", 1)}, options);
  const Dataset set(options.out, "train");
  const auto whole = set.Picture(0);
  std::vector<uint8_t> crop(3 * 16 * 16), expected(crop.size());
  for (uint64_t key = 0; key < 20; ++key) {
    const auto window = set.CropInto(0, 16, key, true, crop.data());
    CopyWindow(whole.row(window.top), whole.width, window, expected.data());
    EXPECT_EQ(crop, expected) << key;
  }
}

TEST(CropTest, CentreAndRandomWindowsLieInThePicture) {
  const auto centre = ChooseWindow(20, 16, 8, std::nullopt);
  EXPECT_EQ(centre.left, 6);
  EXPECT_EQ(centre.top, 4);
  EXPECT_FALSE(centre.mirrored);
  int mirrored = 0, right = 0;
  for (uint64_t key = 0; key < 64; ++key) {
    const auto window = ChooseWindow(20, 16, 8, key);
    EXPECT_TRUE(0 <= window.left && window.left <= 12 && 0 <= window.top && window.top <= 8);
    EXPECT_FALSE(ChooseWindow(20, 16, 8, key, false).mirrored);
    mirrored += window.mirrored;
    right = std::max(right, window.left);
  }
  EXPECT_GT(mirrored, 16);
  EXPECT_LT(mirrored, 48);
  EXPECT_EQ(right, 12);
}

TEST(CropTest, APictureTooSmallIsAnError) {
  EXPECT_NE(ErrorOf([&] { ChooseWindow(20, 7, 8, 1); }).find("20 x 7"), std::string::npos);
}

// The device's arithmetic is the host's, byte for byte.
TEST(UploadTest, ReductionsAreTheSameBytesOnEveryDevice) {
  torch::manual_seed(3);
  for (const auto& [from, to] : std::vector<std::pair<int64_t, int64_t>>{
           {64, 16}, {64, 32}, {256, 64}, {256, 128}, {48, 20}, {76, 64}, {33, 7}, {128, 8}}) {
    const auto pictures = torch::randint(0, 256, {3, 3, from, from}, torch::kUInt8)
                              .contiguous(torch::MemoryFormat::ChannelsLast);
    const auto expected = at::_upsample_bilinear2d_aa(pictures, {to, to}, false);
    EXPECT_TRUE(ReducedByMatrices(pictures, to).equal(expected)) << from << " to " << to;
  }
}

TEST(UploadTest, MirrorsBeforeItScales) {
  Batch batch;
  auto& data = batch.data();
  data.stored.pixels = torch::arange(2 * 3 * 4 * 4, torch::kUInt8).view({2, 4, 4, 3}).permute({0, 3, 1, 2});
  data.stored.mirrored = torch::tensor({false, true});
  const auto pictures = data.stored.pixels.clone();
  Upload(batch, {.sides = {2, 4}}, torch::kCPU, torch::kFloat32);
  for (const size_t scale : {0, 1}) {
    EXPECT_TRUE(data.images[scale][0].equal(Pyramid(pictures, {2, 4})[scale][0]));
    EXPECT_TRUE(data.images[scale][1].equal(Pyramid(pictures.flip({3}), {2, 4})[scale][1]));
  }
}

}  // namespace
}  // namespace helio::dataio
