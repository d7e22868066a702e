#include <gtest/gtest.h>

#include "dataio/dataset.h"
#include "tests/unit/dataio/small_set.h"

// Other people's folders: what is read, what makes the splits, what is refused.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

class LayoutsTest : public testing::Test {
 protected:
  SourceOptions Options(bool skip = false) const {
    return {.root = root_, .captions_per_image = 0, .skip_missing = skip, .words = WordRule::kUnicode};
  }
  std::string Ids(const std::string& split) const {
    std::string ids;
    for (const auto& part : ReadFolder(Options()))
      for (const auto& record : part.records)
        if (part.name == split) ids += record.id + " ";
    return ids;
  }
  std::string Refusal() const {
    return ErrorOf([&] { ReadFolder(Options()); });
  }
  void Captioned(const std::string& stem, const std::string& text = "a bird") const {
    WritePicture(root_ / (stem + ".jpg"));
    WriteText(root_ / (stem + ".txt"), text);
  }

  const ScratchFolder scratch_{"layouts"};
  const fs::path root_ = scratch_.path() / "set";
};

TEST_F(LayoutsTest, ForeignPicturesAreNamed) {
  Captioned("a");
  WriteText(root_ / "b.bmp", "BM");
  EXPECT_NE(Refusal().find("b.bmp: is in a format that is not read"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, ARootWithoutPicturesIsRefused) {
  WriteText(root_ / "a.json", "{}");
  EXPECT_NE(Refusal().find("no picture found"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, FoldersDecideTheSplits) {
  for (const char* stem : {"train/a", "train/b", "test/c"}) Captioned(stem);
  EXPECT_EQ(Ids("train"), "train/a train/b ");
  EXPECT_EQ(Ids("test"), "test/c ");
}

TEST_F(LayoutsTest, HuggingFaceMetadata) {
  for (const char* name : {"train/0.jpg", "train/1.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "train/metadata.jsonl", R"({"file_name": "0.jpg", "text": "one"})"
                                            "\n"
                                            R"({"file_name": "0.jpg", "text": "two"})"
                                            "\n"
                                            R"({"file_name": "1.jpg", "text": ["three"]})");
  const auto splits = ReadFolder(Options());
  ASSERT_EQ(splits[0].records.size(), 2u);
  EXPECT_EQ(splits[0].records[0].captions, (std::vector<std::string>{"one", "two"}));
}

TEST_F(LayoutsTest, SisterFoldersWithListsOfKeys) {
  for (const char* name : {"0", "1", "2"}) {
    WritePicture(root_ / "images" / (std::string(name) + ".jpg"));
    WriteText(root_ / "text" / (std::string(name) + ".txt"), "a bird");
  }
  WriteText(root_ / "train.txt", "0\n1.jpg\n");
  WriteText(root_ / "test.txt", "2\n");
  EXPECT_EQ(Ids("train"), "images/0 images/1 ");
  EXPECT_EQ(Ids("test"), "images/2 ");
}

TEST_F(LayoutsTest, ATableOfCaptions) {
  WritePicture(root_ / "Images/a.jpg");
  WriteText(root_ / "captions.txt", "image,caption\na.jpg,\"red, \"\"big\"\" bird\"\na.jpg,a bird\n");
  const auto splits = ReadFolder(Options());
  EXPECT_EQ(splits[0].records[0].captions, (std::vector<std::string>{"red, \"big\" bird", "a bird"}));
}

TEST_F(LayoutsTest, HiddenFilesArePassedOver) {
  Captioned("a");
  WriteText(root_ / "._a.jpg", "\x05\x16\x07");
  WriteText(root_ / "__MACOSX/b.jpg", "x");
  EXPECT_EQ(Ids("train"), "a ");
}

TEST_F(LayoutsTest, LettersThatWouldBeLostAreAnError) {
  Captioned("a", "\xE4\xB8\x80\xE5\x8F\xAA\xE9\xB8\x9F 12");
  auto options = Options();
  options.words = WordRule::kAscii;
  EXPECT_NE(ErrorOf([&] { ReadFolder(options); }).find("100.0 % of the letters"), std::string::npos);
  EXPECT_EQ(Tokenize("T\xC3\xAATE, l'eau", WordRule::kUnicode),
            (std::vector<std::string>{"t\xC3\xAAte", "l", "eau"}));
}

TEST_F(LayoutsTest, ThinPicturesAreNamed) {
  auto split = SmallSplit(root_, "train", 1);
  WritePicture(split.records[0].image, 0, 1, 4000);
  const auto error = ErrorOf([&] { PackDataset({split}, SmallOptions(scratch_.path() / "out")); });
  EXPECT_NE(error.find("is too thin: 1 x 4000"), std::string::npos) << error;
}

TEST_F(LayoutsTest, StrayBytesBetweenSegmentsAreHarmless) {
  auto bytes = EncodeJpeg(Gradient(40, 32, 3));
  bytes.insert(bytes.begin() + 20, 100, 0x11);  // behind JFIF's segment
  bool mended = false;
  EXPECT_EQ(DecodeImage(bytes, "x", &mended).width, 40);
  EXPECT_TRUE(mended);
}

TEST_F(LayoutsTest, ASecondPackerIsRefusedAtOnce) {
  const PackFolder first(scratch_.path() / "out");
  const auto error = ErrorOf([&] { PackFolder second(scratch_.path() / "out"); });
  EXPECT_NE(error.find("is writing here"), std::string::npos) << error;
}

TEST_F(LayoutsTest, AnEmptySplitIsNotListed) {
  const auto out = scratch_.path() / "out";
  auto test = SmallSplit(root_, "test", 1);
  WriteText(test.records[0].image, "no picture");
  auto options = SmallOptions(out);
  options.skip_damaged = true;
  PackDataset({SmallSplit(root_, "train", 2), test}, options);
  EXPECT_NE(ErrorOf([&] { Dataset(out, "test"); }).find("has no split 'test'"), std::string::npos);
}

TEST_F(LayoutsTest, SizesThatDoNotFitAreErrors) {
  PackedRecord record;
  record.id = "wide";
  record.width = 70000;
  EXPECT_NE(ErrorOf([&] { WriteShard(scratch_.path() / "a.h5", {record}, {}); }).find("width 70000"),
            std::string::npos);
}

}  // namespace
}  // namespace helio::dataio
