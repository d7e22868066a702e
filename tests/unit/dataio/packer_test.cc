#include "dataio/packer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <system_error>

#include "dataio/dataset.h"
#include "tests/support/log_of.h"
#include "tests/unit/dataio/few_threads.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;

Files Contents(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) files[entry.path().filename().string()] = ReadFile(entry.path());
  return files;
}

class PackerTest : public testing::Test {
 protected:
  Files Pack(const std::string& name, int workers) const {
    auto options = SmallOptions(scratch_.path() / name);
    options.workers = workers;
    PackDataset(splits_, options);
    return Contents(options.out);
  }
  std::string ErrorOfPacking(const PackOptions& options) const {
    return ErrorOf([&] { PackDataset(splits_, options); });
  }

  const ScratchFolder scratch_{"packer"};
  const fs::path out_ = scratch_.path() / "out";
  std::vector<SourceSplit> splits_{SmallSplit(scratch_.path() / "a", "train", 11),
                                   SmallSplit(scratch_.path() / "b", "test", 3)};
};

TEST_F(PackerTest, AnyNumberOfWorkersGivesTheSameBytes) {
  const auto one = Pack("one", 1);
  EXPECT_EQ(one.size(), 3u + 1 + 2);  // shards of train and test, vocabulary, manifest
  EXPECT_EQ(Pack("three", 3), one);
  EXPECT_EQ(Pack("eight", 8), one);
}

// What opening data set `to` says once the first shard of `from`, packed with the same vocabulary, was put
// into its manifest.
std::string ErrorOfMerging(const fs::path& from, const fs::path& to) {
  const auto shard = to / "train-00009-of-00010.h5";
  fs::copy_file(from / "train-00000-of-00001.h5", shard);
  auto manifest = ReadJson(to / "manifest.json");
  const auto words = Vocabulary::Read(to / "vocabulary.json").size();
  manifest["splits"]["train"].push_back(ManifestEntry(shard, Shard(shard, words)));
  WriteText(to / "manifest.json", manifest.dump());
  return ErrorOf([&] { Dataset(to, "train"); });
}

TEST_F(PackerTest, ShardsOfOtherKindsInOneManifestAreRefused) {
  const auto merged = [&](const char* name, const auto& change) {
    const auto to = scratch_.path() / (std::string(name) + "_to");
    PackDataset(splits_, SmallOptions(to));
    auto options = SmallOptions(scratch_.path() / name);
    options.vocabulary = to / "vocabulary.json";
    std::vector<SourceSplit> others{SmallSplit(scratch_.path() / "c", "train", 2)};
    change(others[0], options);
    PackDataset(others, options);
    return ErrorOfMerging(options.out, to);
  };
  EXPECT_EQ(merged("same", [](auto&, auto&) {}), "");
  const auto points = [](auto& split, auto&) {
    split.key_point_names = {"beak"};
    for (auto& record : split.records) record.key_points = {{1, 1, 1}};
  };
  EXPECT_NE(merged("points", points).find("other key points"), std::string::npos);
  const auto alone = [](auto& split, auto& options) {
    options.captions = false;
    for (auto& record : split.records) record.captions.clear();
  };
  EXPECT_NE(merged("alone", alone).find("has no captions, the first"), std::string::npos);
  const auto classes = [](auto& split, auto&) { split.records[1].class_id = 7; };
  EXPECT_NE(merged("classes", classes).find("has the class 7, the manifest's are below 2"),
            std::string::npos);
}

TEST_F(PackerTest, EveryRecordArrives) {
  Pack("out", 2);
  const Dataset train(out_, "train"), test(out_, "test");
  ASSERT_EQ(train.size(), 11);
  EXPECT_EQ(test.size(), 3);
  EXPECT_EQ(train.classes(), 2);
  for (int64_t i = 0; i < 11; ++i) {
    const auto& record = splits_[0].records[static_cast<size_t>(i)];
    EXPECT_EQ(train.Id(i), record.id);
    EXPECT_EQ(train.Class(i), record.class_id);
    ASSERT_EQ(train.Captions(i), static_cast<int64_t>(record.captions.size()));
    EXPECT_EQ(train.Text(i, 0), record.captions[0]);
    const auto picture = train.Picture(i);
    EXPECT_EQ(picture.height, 24);
    EXPECT_EQ(picture.width, 30);
    EXPECT_NEAR(picture.row(12)[3 * 15 + 2], static_cast<uint8_t>(i * 37), 4);
  }
}

TEST_F(PackerTest, RawPicturesAreStoredExactly) {
  auto options = SmallOptions(out_);
  options.codec = Codec::kRaw;
  PackDataset(splits_, options);
  const auto file = ReadFile(splits_[0].records[5].image);
  const auto source = DecodeImage({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, "x");
  EXPECT_EQ(Dataset(out_, "train").Picture(5).pixels, ResizeShortSide(source, 24).pixels);
}

TEST_F(PackerTest, TheBoxCutsThePicture) {
  splits_[0].records[0].box = {10, 10, 8, 4};
  Pack("out", 1);
  const auto picture = Dataset(out_, "train").Picture(0);
  EXPECT_EQ(picture.width, picture.height);  // 12 x 12 pixels around the centre (14, 12)
  EXPECT_NEAR(picture.row(0)[0], 8 * 255 / 40, 8);
}

TEST_F(PackerTest, ABoxOutsideThePictureIsNamed) {
  for (const auto& box : {std::array<double, 4>{41, 3, 5, 5}, std::array<double, 4>{-20, 3, 5, 5},
                          std::array<double, 4>{3, 3, 1e300, 5}, std::array<double, 4>{3, -1e300, 5, 5}}) {
    splits_[0].records[7].box = box;
    const auto error = ErrorOfPacking(SmallOptions(out_));
    EXPECT_NE(error.find("train7.jpg: its box lies outside"), std::string::npos) << error;
  }
}

TEST_F(PackerTest, ABoxOfAPixelIsTooSmall) {
  for (const auto& box : {std::array<double, 4>{10, 10, 1, 1}, std::array<double, 4>{10, 10, 0.5, 1.9}}) {
    splits_[0].records[7].box = box;
    const auto error = ErrorOfPacking(SmallOptions(out_));
    EXPECT_NE(error.find("train7.jpg: its box of "), std::string::npos) << error;
    EXPECT_NE(error.find("is too small to be cut out (mend it, or take pictures whole: --crop=none)"),
              std::string::npos)
        << error;
  }
}

TEST_F(PackerTest, KeyPointsOutsideThePictureAreNotVisible) {
  splits_ = {SmallSplit(scratch_.path() / "a", "train", 2)};
  splits_[0].key_point_names = {"back", "eye", "tail"};
  splits_[0].records[0].key_points = {{5000, -77, 1}, {40, 32, 1}, {-3, 4, 0}};
  splits_[0].records[1].key_points.resize(3);
  const auto log = LogOf([&] { Pack("out", 1); });
  EXPECT_NE(log.find("1 key points lie outside their pictures"), std::string::npos) << log;
  EXPECT_NE(log.find("train0.jpg"), std::string::npos) << log;
  const Dataset train(out_, "train");
  EXPECT_EQ(train.KeyPoints(0)[0], (KeyPoint{}));
  EXPECT_EQ(train.KeyPoints(0)[1], (KeyPoint{40, 32, 1}));
}

TEST_F(PackerTest, PicturesThatCannotBeReadStopOrAreSkipped) {
  WriteText(splits_[0].records[2].image, "no picture");
  auto whole = ReadFile(splits_[0].records[6].image);
  WriteText(splits_[0].records[6].image, whole.substr(0, whole.size() / 2));
  fs::remove(splits_[0].records[9].image);
  auto options = SmallOptions(out_);
  const auto error = ErrorOfPacking(options);
  EXPECT_NE(error.find("train2.jpg: is neither a JPEG nor a PNG"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(out_ / "manifest.json"));
  options.skip_damaged = true;
  PackDataset(splits_, options);
  const Dataset train(out_, "train");
  ASSERT_EQ(train.size(), 8);
  for (int64_t i = 0; i < 8; ++i)
    for (const char* gone : {"train2", "train6", "train9"}) EXPECT_NE(train.Id(i), gone);
}

TEST_F(PackerTest, APageInAPicturesPlaceIsToBeDownloadedAgain) {
  const auto refusal = [](const std::string& text) {
    return ErrorOf([&] {
      DecodeImage({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "a.jpg");
    });
  };
  for (const char* page : {"<!DOCTYPE html><title>503</title>", "\xEF\xBB\xBF\r\n \n<html>", "<Error/>"})
    EXPECT_EQ(refusal(page), "a.jpg: is a page of HTML or XML, not the picture (download it again)");
  EXPECT_EQ(refusal("{\"error\": 404}"), "a.jpg: is a text of JSON, not the picture (download it again)");
  EXPECT_EQ(refusal("<?xml version='1.0'?>\n<svg/>"), "a.jpg: is an SVG (convert it)");
  EXPECT_EQ(refusal("\n \n"), "a.jpg: is neither a JPEG nor a PNG nor a WebP (convert it)");
}

TEST_F(PackerTest, ACaptionThatIsNotUtf8IsNamed) {
  splits_[0].records[3].captions[0] = "caf\xE9 bird";
  const auto error = ErrorOfPacking(SmallOptions(out_));
  EXPECT_NE(error.find("train3.jpg: a caption is not UTF-8"), std::string::npos) << error;
}

TEST_F(PackerTest, AGivenVocabularyKeepsItsIdsAndDropsOtherWords) {
  const auto path = scratch_.path() / "given.json";
  WriteText(path, Vocabulary({"<end>", "small", "red", "is"}, "x").ToJson());
  splits_[0].records[0].captions = {"a bird", "a small, red bird"};
  auto options = SmallOptions(out_);
  options.vocabulary = path;
  const auto log = LogOf([&] { PackDataset(splits_, options); });
  EXPECT_EQ(Dataset(out_, "train").Tokens(0, 0), (std::vector<int32_t>{1, 2}));
  EXPECT_NE(log.find("% of the words (a, and, bird, "), std::string::npos) << log;
  EXPECT_NE(log.find(", ...) and 1 whole captions, which are left out"), std::string::npos) << log;
}

TEST_F(PackerTest, AVocabularyOfAnotherSetIsRefused) {
  const auto path = scratch_.path() / "given.json";
  WriteText(path, Vocabulary({"<end>", "bird"}, "x").ToJson());
  auto options = SmallOptions(out_);
  options.vocabulary = path;
  const auto error = ErrorOfPacking(options);
  EXPECT_NE(error.find("given.json: lacks "), std::string::npos) << error;
  EXPECT_NE(error.find("of another set or language? --on_missing=skip packs"), std::string::npos) << error;
  options.skip_damaged = true;
  EXPECT_EQ(ErrorOfPacking(options), "");
}

TEST_F(PackerTest, PicturesAlone) {
  for (auto& split : splits_)
    for (auto& record : split.records) record.captions.clear();
  EXPECT_NE(ErrorOfPacking(SmallOptions(out_)).find("has a word"), std::string::npos);
  auto options = SmallOptions(out_);
  options.captions = false;
  PackDataset(splits_, options);
  const Dataset train(out_, "train");
  EXPECT_EQ(train.size(), 11);
  EXPECT_EQ(train.captions(), 0);
  EXPECT_EQ(train.Captions(3), 0);
  EXPECT_EQ(train.Picture(3).height, 24);
}

TEST_F(PackerTest, AThreadThatIsNotToBeHadIsAnErrorAndTheOthersEnd) {
  auto options = SmallOptions(out_);
  options.workers = 5;
  const FewThreads few(2);
  EXPECT_THROW(PackDataset(splits_, options), std::system_error);
}

TEST_F(PackerTest, BadOptionsAreNamed) {
  auto options = SmallOptions(out_);
  options.side = 0;
  EXPECT_NE(ErrorOfPacking(options).find("--side"), std::string::npos);
  options = SmallOptions(out_);
  options.shard_records = INT64_MAX;
  EXPECT_NE(ErrorOfPacking(options).find("--shard_records"), std::string::npos);
}

TEST_F(PackerTest, GoesOnWithWholeShardsOnly) {
  const auto expected = Pack("expected", 1);
  const auto broken = splits_[0].records[9].image;  // in the third shard
  const auto bytes = ReadFile(broken);
  WriteText(broken, std::string(bytes.size(), 'x'));
  EXPECT_NE(ErrorOfPacking(SmallOptions(out_)), "");
  EXPECT_FALSE(fs::exists(out_ / "manifest.json"));
  const auto first = out_ / ".packing/train-00000-of-00003.h5";
  ASSERT_TRUE(fs::exists(first));
  EXPECT_FALSE(fs::exists(out_ / ".packing/train-00002-of-00003.h5"));
  const auto time = fs::last_write_time(first);
  WriteText(broken, bytes);
  PackDataset(splits_, SmallOptions(out_));
  EXPECT_EQ(fs::last_write_time(out_ / first.filename()), time);  // not made again
  EXPECT_EQ(Contents(out_), expected);
}

TEST_F(PackerTest, WhatCannotBePackedLeavesTheSetThatIsThere) {
  const auto before = Pack("out", 1);
  WriteText(splits_[0].records[9].image, "no picture");
  EXPECT_NE(ErrorOfPacking(SmallOptions(out_)), "");
  auto left = Contents(out_);
  EXPECT_EQ(left, before);
}

TEST_F(PackerTest, AnotherSetLeavesNothingOfTheOneBefore) {
  Pack("out", 1);
  WriteText(out_ / "train-00007-of-118287.h5", "of --shard_records=1");
  auto options = SmallOptions(out_);
  options.shard_records = 100;
  PackDataset(splits_, options);
  EXPECT_EQ(Contents(out_).size(), 4u);  // a shard of each split, vocabulary, manifest
  EXPECT_EQ(Dataset(out_, "train").size(), 11);
}

TEST_F(PackerTest, SomebodyElsesFilesAreNotReplaced) {
  WriteText(out_ / "manifest.json", R"({"labels": "ten hours of work"})");
  EXPECT_NE(ErrorOfPacking(SmallOptions(out_)).find("is there and no data set's"), std::string::npos);
  EXPECT_EQ(ReadFile(out_ / "manifest.json"), R"({"labels": "ten hours of work"})");
}

// Killed after a shard that lacks a picture, the next attempt must name it, too.
TEST_F(PackerTest, DamagesAreNamedByEveryAttempt) {
  WriteText(splits_[0].records[1].image, "no picture");  // in the first shard
  const auto last = splits_[1].records[2].image;
  const auto bytes = ReadFile(last);
  fs::remove(last);
  fs::create_symlink(last, last);  // a fault of the machine: it ends the attempt
  auto options = SmallOptions(out_);
  options.skip_damaged = true;
  ErrorOfPacking(options);
  fs::remove(last);
  WriteText(last, bytes);
  const auto error = ErrorOfPacking(SmallOptions(out_));
  EXPECT_NE(error.find("train1.jpg: is neither a JPEG nor a PNG"), std::string::npos) << error;
}

// Files of the set's names that are there have the content they will have.
void ExpectNothingElse(const fs::path& out, const Files& expected) {
  if (!fs::exists(out)) return;
  for (const auto& [name, content] : Contents(out)) {
    if (!expected.contains(name)) continue;
    EXPECT_EQ(content, expected.at(name)) << name << " in " << out;
  }
}

// Killed after ever more shards: what is visible is whole, no manifest, and the next run completes the set.
TEST_F(PackerTest, KilledAtAnyMomentLeavesOnlyWholeShards) {
  const auto expected = Pack("expected", 1);
  for (int delay = 0; delay < 12; ++delay) {
    const auto out = scratch_.path() / ("killed" + std::to_string(delay));
    const pid_t child = ::fork();
    if (child == 0) {
      auto options = SmallOptions(out);
      PackDataset(splits_, options);
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(delay) * 3000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ExpectNothingElse(out, expected);
    PackDataset(splits_, SmallOptions(out));
    EXPECT_EQ(Contents(out), expected) << delay;
  }
}

}  // namespace
}  // namespace helio::dataio
