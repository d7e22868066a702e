#include "dataio/shard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "dataio/dataset.h"
#include "dataio/hdf5_file.h"
#include "dataio/shard_seal.h"
#include "src/base/descriptor.h"
#include "src/base/file_system.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

const ShardHeader kHeader{"birds", "train", Codec::kRaw, "digest", 3, {"beak", "left eye"}};

PackedRecord Record(int i) {
  PackedRecord record;
  record.id = "class/bird" + std::to_string(i);
  record.width = 2 + i;
  record.height = 3;
  record.image.assign(static_cast<size_t>(record.width) * 9, static_cast<uint8_t>(40 + i));
  record.class_id = i - 1;
  record.box = {1, 2, 3, 4.5f + static_cast<float>(i)};
  record.key_points = {{1.5f, static_cast<float>(i), 1}, {}};
  for (int c = 0; c <= i; ++c) {
    record.captions.push_back("caption " + std::to_string(c));
    record.tokens.push_back({1, c + 2});
  }
  return record;
}

std::vector<PackedRecord> Records() { return {Record(0), Record(1), Record(2)}; }

class ShardTest : public testing::Test {
 protected:
  const ScratchFolder scratch_{"shard"};
  const fs::path path_ = scratch_.path() / "a.h5";
};

TEST_F(ShardTest, RoundTrip) {
  WriteShard(path_, Records(), kHeader);
  const Shard shard(path_, 10);
  EXPECT_EQ(shard.size(), 3);
  EXPECT_EQ(shard.header(), kHeader);
  for (int i = 0; i < 3; ++i) {
    const auto record = Record(i);
    EXPECT_EQ(shard.Id(i), record.id);
    EXPECT_EQ(shard.Class(i), record.class_id);
    EXPECT_EQ(shard.Box(i), record.box);
    EXPECT_EQ(shard.KeyPoints(i), record.key_points);
    EXPECT_EQ(shard.Size(i), (std::array<int, 2>{record.width, record.height}));
    EXPECT_EQ(shard.ImageBytes(i), record.image);
    ASSERT_EQ(shard.Captions(i), i + 1);
    for (int c = 0; c <= i; ++c) {
      const auto at = static_cast<size_t>(c);
      EXPECT_EQ(shard.Text(i, c), record.captions[at]);
      EXPECT_EQ(shard.Tokens(i, c), record.tokens[at]);
      EXPECT_EQ(shard.TokenCount(i, c), 2);
    }
  }
}

TEST_F(ShardTest, EqualRecordsGiveEqualBytes) {
  WriteShard(path_, Records(), kHeader);
  WriteShard(scratch_.path() / "b.h5", Records(), kHeader);
  EXPECT_EQ(ReadFile(path_), ReadFile(scratch_.path() / "b.h5"));
}

TEST_F(ShardTest, WordsBeyondTheVocabularyAreRefused) {
  WriteShard(path_, Records(), kHeader);
  EXPECT_NO_THROW(Shard(path_, 5));
  EXPECT_NE(ErrorOf([&] { Shard(path_, 4); }).find("word id 4 is not in the vocabulary"), std::string::npos);
}

// A shard whose "classes" is replaced by something that HDF5 would follow or run.
class StrangeShardTest : public ShardTest {
 protected:
  void SetUp() override {
    WriteShard(path_, Records(), kHeader);
    file_ = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    ASSERT_GE(H5Ldelete(file_, "classes", H5P_DEFAULT), 0);
  }
  void PutClasses(hid_t creation, hid_t type = H5T_NATIVE_INT32) const {
    const hsize_t extent = 3;
    const hid_t space = H5Screate_simple(1, &extent, nullptr);
    const hid_t set = H5Dcreate2(file_, "classes", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    ASSERT_GE(set, 0);
    H5Dclose(set);
    H5Sclose(space);
  }
  // What opening it says, although it is sealed anew.
  std::string Opened() const {
    H5Fclose(file_);
    SealShard(path_);
    return ErrorOf([&] { Shard(path_, 10); });
  }
  hid_t file_ = -1;
};

TEST_F(StrangeShardTest, ExternalStorageIsRefused) {
  const auto outside = scratch_.path() / "outside";
  WriteText(outside, std::string(64, 'x'));
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  ASSERT_GE(H5Pset_external(creation, outside.c_str(), 0, 12), 0);
  PutClasses(creation);
  H5Pclose(creation);
  EXPECT_NE(Opened().find("'classes' is not contiguous, unfiltered and in the file itself"),
            std::string::npos);
}

TEST_F(StrangeShardTest, FiltersAndChunksAreRefused) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 3;
  H5Pset_chunk(creation, 1, &chunk);
  H5Pset_fletcher32(creation);
  PutClasses(creation);
  H5Pclose(creation);
  EXPECT_NE(Opened().find("'classes' is not contiguous, unfiltered and in the file itself"),
            std::string::npos);
}

TEST_F(StrangeShardTest, LinksToOtherFilesAreRefused) {
  const auto other = scratch_.path() / "other.h5";
  WriteShard(other, Records(), kHeader);
  ASSERT_GE(H5Lcreate_external(other.c_str(), "/classes", file_, "classes", H5P_DEFAULT, H5P_DEFAULT), 0);
  EXPECT_NE(Opened().find("lacks the data set 'classes'"), std::string::npos);
}

TEST_F(StrangeShardTest, AnUnknownCodecIsNamed) {
  const hid_t codec = H5Aopen(file_, "codec", H5P_DEFAULT), type = H5Aget_type(codec);
  ASSERT_GE(H5Awrite(codec, type, "gif"), 0);  // as long as "raw"
  H5Tclose(type);
  H5Aclose(codec);
  EXPECT_NE(Opened().find("the unknown codec 'gif'"), std::string::npos);
}

TEST_F(StrangeShardTest, AnotherTypeIsRefused) {
  PutClasses(H5P_DEFAULT, H5T_NATIVE_FLOAT);
  EXPECT_NE(Opened().find("'classes' has another shape or type"), std::string::npos);
}

TEST_F(ShardTest, AChangedPictureIsNamed) {
  WriteShard(path_, Records(), kHeader);
  std::string bytes = ReadFile(path_);
  const auto at = bytes.find(std::string(27, '\x29'));  // record 1
  ASSERT_NE(at, std::string::npos);
  bytes[at + 5] ^= 1;
  WriteText(path_, bytes);
  const Shard shard(path_, 10);
  EXPECT_NO_THROW(shard.ImageBytes(0));
  const auto error = ErrorOf([&] { shard.ImageBytes(1); });
  EXPECT_NE(error.find("class/bird1"), std::string::npos) << error;
  EXPECT_NE(error.find(path_.string()), std::string::npos) << error;
}

// Every place where the disk can become full: an error, and nothing left that could be taken for a shard.
constexpr const char* kUnreadable = "/proc/self/mem";  // its first bytes: EIO

// What has `path` open reads `other` from now on.
void Exchange(const fs::path& path, const char* other) {
  const Descriptor file(::open(other, O_RDONLY | O_CLOEXEC));
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    if (fs::read_symlink(entry.path(), gone) != path) continue;
    ASSERT_GE(::dup2(file.get(), std::stoi(entry.path().filename())), 0);
  }
}

TEST_F(ShardTest, ADiskThatFailsIsNotADamagedShard) {
  WriteShard(path_, Records(), kHeader);
  const Shard shard(path_, 10);
  Exchange(path_, kUnreadable);
  const auto error = ErrorIn([&] { shard.ImageBytes(1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem);
  EXPECT_EQ(error->what(), path_.string() + ": record 1 cannot be read: Input/output error");
}

TEST_F(ShardTest, AFileThatEndsBeforeAPictureIsDamaged) {
  WriteShard(path_, Records(), kHeader);
  const Shard shard(path_, 10);
  Exchange(path_, "/dev/null");
  const auto error = ErrorIn([&] { shard.ImageBytes(1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kData);
  EXPECT_NE(std::string(error->what()).find("the file is truncated"), std::string::npos) << error->what();
}

TEST_F(ShardTest, ATruncationUnderARunIsAnError) {
  WriteShard(path_, Records(), kHeader);
  const Shard shard(path_, 10);
  fs::resize_file(path_, 0);
  EXPECT_EQ(shard.Text(2, 1), Record(2).captions[1]);
  EXPECT_EQ(shard.Tokens(2, 1), Record(2).tokens[1]);
  const auto error = ErrorIn([&] { shard.ImageBytes(1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kData);
}

TEST_F(ShardTest, AnotherShardCopiedOverItIsAnErrorAndNeverItsCaptions) {
  WriteShard(path_, Records(), kHeader);
  const Shard shard(path_, 10);
  auto others = Records();
  for (auto& record : others) {
    record.image.assign(record.image.size(), 7);
    for (auto& caption : record.captions) caption = "another";
  }
  const auto other = scratch_.path() / "other.h5";
  WriteShard(other, others, kHeader);
  WriteText(path_, ReadFile(other));
  EXPECT_EQ(shard.Text(2, 1), Record(2).captions[1]);
  EXPECT_NE(ErrorOf([&] { shard.ImageBytes(1); }).find("checksum differs"), std::string::npos);
}

TEST_F(ShardTest, ADiskThatFailsWhileHdf5OpensIsTheSystems) {
  const auto error = ErrorIn([] { Hdf5Reader{kUnreadable}; });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem);
  EXPECT_STREQ(error->what(), "/proc/self/mem: cannot be read: Input/output error");
}

TEST_F(ShardTest, ADiskThatFailsWhileHdf5ReadsIsTheSystems) {
  WriteShard(path_, Records(), kHeader);
  Hdf5Reader reader(path_);
  Exchange(path_, kUnreadable);
  const auto error = ErrorIn([&] { reader.Extent<uint8_t>("images/bytes"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem) << error->what();
}

TEST_F(ShardTest, AFullDiskAtAnyByteIsAnError) {
  WriteShard(path_, Records(), kHeader);
  const auto size = fs::file_size(path_);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  for (size_t limit = 0; limit < size; limit += 61) {
    const auto path = scratch_.path() / (std::to_string(limit) + ".h5");
    const rlimit small{limit, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto error = ErrorOf([&] { WriteShard(path, Records(), kHeader); });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_NE(error.find(path.string()), std::string::npos) << limit << ": " << error;
    EXPECT_FALSE(fs::exists(path)) << limit;
    EXPECT_FALSE(fs::exists(path.string() + ".tmp")) << limit;
  }
  ::signal(SIGXFSZ, old_handler);
}

// A packed set whose only shard is damaged in one place after another.
class DamagedShardTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = PackSmallSet(scratch_.path(), 3);
    shard_ = root_ / "train-00000-of-00001.h5";
    whole_ = ReadFile(shard_);
    images_ = Shard(shard_, 1000).images();
  }

  static void ReadPictures(const Dataset& set) {
    for (int64_t row = 0; row < set.size(); ++row) set.Picture(row);
  }
  void Put(const std::string& bytes) const { std::ofstream(shard_, std::ios::binary) << bytes; }
  std::string Flipped(size_t bit) const {
    std::string bytes = whole_;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    return bytes;
  }

  const ScratchFolder scratch_{"damaged_shard"};
  fs::path root_, shard_;
  std::string whole_;
  ByteRange images_;
};

TEST_F(DamagedShardTest, TheUntouchedSetIsAccepted) { EXPECT_EQ(Dataset(root_, "train").size(), 3); }

TEST_F(DamagedShardTest, AFlippedBitAnywhereIsNamed) {
  for (size_t bit = 0; bit < whole_.size() * 8; bit += 97) {
    Put(Flipped(bit));
    const auto error = ErrorOf([&] { ReadPictures(Dataset(root_, "train")); });
    const bool picture = images_.begin <= bit / 8 && bit / 8 < images_.end;
    ASSERT_NE(error.find(picture ? "checksum differs" : "train-00000-of-00001.h5: "), std::string::npos)
        << bit << error;
  }
}

TEST_F(DamagedShardTest, ATruncationAnywhereIsNamed) {
  for (size_t size = 0; size < whole_.size(); size += 13) {
    Put(whole_.substr(0, size));
    const auto error = ErrorOf([&] { Dataset(root_, "train"); });
    ASSERT_NE(error.find("train-00000-of-00001.h5: has " + std::to_string(size)), std::string::npos) << error;
  }
}

// A shard carries its own digest, and its pictures theirs.
TEST_F(DamagedShardTest, AShardAloneNeverCrashes) {
  int refused = 0, tried = 0;
  for (size_t bit = 0; bit < whole_.size() * 8; bit += 101, ++tried) {
    Put(Flipped(bit));
    refused += ErrorOf([&] { ReadAll(Shard(shard_, 100)); }) != "";
  }
  for (size_t size = 0; size < whole_.size(); size += 17, ++tried) {
    Put(whole_.substr(0, size));
    refused += ErrorOf([&] { ReadAll(Shard(shard_, 100)); }) != "";
  }
  EXPECT_EQ(refused, tried);
}

TEST_F(DamagedShardTest, AMissingShardAndAStrangeVocabularyAreNamed) {
  fs::remove(shard_);
  EXPECT_NE(ErrorOf([&] { Dataset(root_, "train"); }).find("of-00001.h5: is missing"), std::string::npos);
  Put(whole_);
  WriteText(root_ / "vocabulary.json", Vocabulary({"<end>", "other"}, "x").ToJson());
  EXPECT_NE(ErrorOf([&] { Dataset(root_, "train"); }).find("not the one that the shards were packed with"),
            std::string::npos);
}

TEST_F(DamagedShardTest, AShardOfAnotherRunIsNamed) {
  ScratchFolder other("other_run");
  auto options = SmallOptions(root_);
  options.quality = 50;
  options.out = other.path() / "packed";
  PackDataset({SmallSplit(other.path(), "train", 3)}, options);
  fs::copy_file(options.out / "train-00000-of-00001.h5", shard_, fs::copy_options::overwrite_existing);
  EXPECT_NE(ErrorOf([&] { Dataset(root_, "train"); }).find("train-00000-of-00001.h5"), std::string::npos);
}

}  // namespace
}  // namespace helio::dataio
