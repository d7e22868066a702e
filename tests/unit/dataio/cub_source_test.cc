#include <gtest/gtest.h>

#include "dataio/text_file.h"
#include "tests/support/log_of.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

class CubSourceTest : public testing::Test {
 protected:
  void SetUp() override { WriteSmallCub(scratch_.path()); }

  std::vector<SourceSplit> Read(bool skip = false, int limit = 10) const {
    return ReadCub({.root = scratch_.path(), .captions_per_image = limit, .skip_missing = skip});
  }
  // The error has all `parts`.
  void ExpectError(const std::vector<std::string>& parts) const {
    const auto error = ErrorOf([&] { Read(); });
    for (const auto& part : parts) EXPECT_NE(error.find(part), std::string::npos) << part << " in: " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
  // The same, and with skipping the others remain.
  void ExpectComplaint(const std::vector<std::string>& parts) const {
    ExpectError(parts);
    ExpectError({"1 record that cannot be used", "--on_missing=skip"});
    size_t left = 0;
    for (const auto& split : Read(true)) left += split.records.size();
    EXPECT_EQ(left, 2u);
  }

  const ScratchFolder scratch_{"cub"};
  const fs::path cub_ = scratch_.path() / "CUB_200_2011", text_ = scratch_.path() / "text";
};

TEST_F(CubSourceTest, OfficialSplitWithBoxesAndClasses) {
  const auto splits = Read();
  ASSERT_EQ(splits.size(), 2u);
  ASSERT_EQ(splits[0].name, "train");
  ASSERT_EQ(splits[0].records.size(), 2u);
  ASSERT_EQ(splits[1].records.size(), 1u);
  const auto& record = splits[1].records[0];
  EXPECT_EQ(record.id, "001.A/a2");
  EXPECT_EQ(record.class_id, 0);
  EXPECT_EQ(record.box, (std::array<double, 4>{1.5, 2, 30, 20}));
  EXPECT_EQ(record.captions, (std::vector<std::string>{"a bird 001.A/a2", "another one"}));
  EXPECT_EQ(splits[0].records[1].class_id, 1);
}

TEST_F(CubSourceTest, CaptionsMayLieWhereTheirAuthorsHaveThem) {
  for (const auto& folder : {scratch_.path() / "text_c10", cub_ / "text"}) {
    fs::rename(text_, folder);
    EXPECT_EQ(Read()[1].records[0].captions[1], "another one") << folder;
    fs::rename(folder, text_);
  }
}

TEST_F(CubSourceTest, KeyPointsAreKept) {
  WriteText(cub_ / "parts/parts.txt", "1 back\n2 left eye\n");
  WriteText(cub_ / "parts/part_locs.txt", "2 2 312.5 182.0 1\n2 1 0.0 0.0 0\n");
  const auto test = Read()[1];
  EXPECT_EQ(test.key_point_names, (std::vector<std::string>{"back", "left eye"}));
  EXPECT_EQ(test.records[0].key_points, (std::vector<KeyPoint>{{}, {312.5f, 182, 1}}));
  EXPECT_EQ(Read()[0].records[0].key_points, (std::vector<KeyPoint>{{}, {}}));
  WriteText(cub_ / "parts/part_locs.txt", "2 3 312.5 182.0 1\n");
  ExpectError({"part_locs.txt", "line '2 3 312.5 182.0 1'"});
}

TEST_F(CubSourceTest, ListsDecideTheSplitAndItsOrder) {
  WriteText(scratch_.path() / "train/filenames.txt",
            "\xEF\xBB\xBF"
            "002.B/b1\r\n001.A/a2\r\n");
  WriteText(scratch_.path() / "test/filenames.txt", "001.A/a1");
  const auto splits = Read();
  ASSERT_EQ(splits[0].records.size(), 2u);
  EXPECT_EQ(splits[0].records[0].id, "002.B/b1");
  EXPECT_EQ(splits[0].records[1].id, "001.A/a2");
  ASSERT_EQ(splits[1].records.size(), 1u);
}

TEST_F(CubSourceTest, KeepsTheAskedNumberOfCaptions) {
  EXPECT_EQ(Read(false, 1)[0].records[0].captions.size(), 1u);
  EXPECT_EQ(Read(false, 0)[0].records[0].captions.size(), 2u);
}

TEST_F(CubSourceTest, NoArchiveIsNamed) {
  fs::remove(cub_ / "images.txt");
  ExpectError({scratch_.path().string(), "CUB_200_2011/images.txt", "--root"});
}

TEST_F(CubSourceTest, MissingImage) {
  fs::remove(cub_ / "images/001.A/a2.jpg");
  ExpectComplaint({"001.A/a2.jpg: is missing"});
}

TEST_F(CubSourceTest, MissingCaptionFile) {
  fs::remove(text_ / "002.B/b1.txt");
  ExpectComplaint({"002.B/b1.txt: is missing"});
}

TEST_F(CubSourceTest, CaptionFileWithoutAWord) {
  for (const char* empty : {"", "\r\n\n", " ... \n!\n"}) {
    WriteText(text_ / "002.B/b1.txt", empty);
    ExpectComplaint({"002.B/b1.txt: has no caption"});
  }
}

TEST_F(CubSourceTest, CaptionFileThatIsNotUtf8) {
  WriteText(text_ / "002.B/b1.txt", "fine\na caf\xE9\n");
  ExpectComplaint({"002.B/b1.txt: is not UTF-8", "iconv"});
}

TEST_F(CubSourceTest, KeyTwiceInAList) {
  WriteText(scratch_.path() / "train/filenames.txt", "001.A/a1\n001.A/a1\n");
  WriteText(scratch_.path() / "test/filenames.txt", "001.A/a2\n");
  ExpectComplaint({"'001.A/a1' appears twice"});
}

TEST_F(CubSourceTest, KeyThatTheArchiveDoesNotKnow) {
  WriteText(scratch_.path() / "train/filenames.txt", "001.A/a1\n009.X/x\n");
  WriteText(scratch_.path() / "test/filenames.txt", "001.A/a2\n");
  ExpectComplaint({"'009.X/x'", "images.txt does not know"});
}

TEST_F(CubSourceTest, PicturesAreNamedAsTheArchiveDoes) {
  WriteText(cub_ / "images.txt", "1 001.A/a1.png\n2 001.A/a2.jpg\n3 002.B/b1\n");
  fs::rename(cub_ / "images/001.A/a1.jpg", cub_ / "images/001.A/a1.png");
  const auto splits = Read();
  EXPECT_EQ(splits[0].records[0].id, "001.A/a1");
  EXPECT_EQ(splits[0].records[0].image, cub_ / "images/001.A/a1.png");
  EXPECT_EQ(splits[0].records[1].image, cub_ / "images/002.B/b1.jpg");
}

TEST_F(CubSourceTest, ABadRowIsAComplaintOfItsImage) {
  for (const char* list : {"image_class_labels.txt", "bounding_boxes.txt", "train_test_split.txt"}) {
    const auto rows = ReadLines(cub_ / list);
    SCOPED_TRACE(list);
    WriteText(cub_ / list, rows[0] + "\n" + rows[1] + "\n");
    ExpectComplaint({std::string(list) + ": has no row for image 3"});
    WriteText(cub_ / list, rows[0] + "\n" + rows[1] + "\n" + rows[2] + " x\n");
    ExpectComplaint({list, "of image 3"});
    WriteText(cub_ / list, rows[0] + "\n" + rows[1] + "\n3\n");
    ExpectComplaint({std::string(list) + ": line '3' is not '<id> <value>'"});
    WriteText(cub_ / list, rows[0] + "\n" + rows[1] + "\n" + rows[2] + "\n" + rows[2] + "\n");
    ExpectComplaint({std::string(list) + ": id 3 appears twice"});
    WriteText(cub_ / list, rows[0] + "\n" + rows[1] + "\n" + rows[2] + "\n");
  }
}

TEST_F(CubSourceTest, ABadRowOfKeyPointsIsAComplaintOfItsImage) {
  WriteText(cub_ / "parts/parts.txt", "1 back\n2 eye\n");
  for (const char* row : {"3 1 5 5 1\n3 1 6 6 1", "3 1 5 5 1 9", "3 1 5 5 2", "3 1 x 5 1", "3 3 5 5 1"}) {
    SCOPED_TRACE(row);
    WriteText(cub_ / "parts/part_locs.txt", std::string("1 1 5 5 1\n") + row + "\n");
    ExpectComplaint({"part_locs.txt: "});
  }
  WriteText(cub_ / "parts/part_locs.txt", "1 1 5 5 1\n1 2 5 5 0\n2 1 5 5 1\n");
  const auto log = LogOf([&] { Read(); });
  EXPECT_NE(log.find("part_locs.txt: has not all key points of 2 images"), std::string::npos) << log;
  WriteText(cub_ / "parts/parts.txt", "0 back\n2 eye\n");
  ExpectError({"parts.txt: does not number its key points 1, 2, 3"});
}

TEST_F(CubSourceTest, WhatBelongsToNoRecordIsNamed) {
  EXPECT_EQ(LogOf([&] { Read(); }).find("left out 1 "), std::string::npos);
  WriteText(scratch_.path() / "train/filenames.txt", "001.A/a1\n");
  WriteText(scratch_.path() / "test/filenames.txt", "001.A/a2\n");
  WritePicture(cub_ / "images/009.X/x.jpg");
  const auto log = LogOf([&] { Read(); });
  EXPECT_NE(log.find("left out 1 images that are in no list of a split: 002.B/b1"), std::string::npos) << log;
  EXPECT_NE(log.find("left out 1 pictures that images.txt does not name: 009.X/x.jpg"), std::string::npos)
      << log;
}

TEST_F(CubSourceTest, UnknownClass) {
  for (const char* label : {"3", "0", "-1", "2x", "1.0", "99999999999999999999"}) {
    WriteText(cub_ / "image_class_labels.txt", std::string("1 1\n2 1\n3 ") + label + "\n");
    ExpectError({"image_class_labels.txt", "'" + std::string(label) + "' of image 3", "classes.txt"});
  }
}

TEST_F(CubSourceTest, BoxesThatAreNone) {
  for (const char* box :
       {"1 2 3", "1 2 3 4 5", "1 2 x 4", "1 2 3 4x", "nan 2 3 4", "1 2 inf 4", "1 2 0 4", "1 2 3 -4"}) {
    WriteText(cub_ / "bounding_boxes.txt", "1 1 2 30 20\n2 1 2 30 20\n3 " + std::string(box) + "\n");
    ExpectError({"bounding_boxes.txt of image 3", box});
  }
}

TEST_F(CubSourceTest, ListsOfAnotherShape) {
  WriteText(cub_ / "images.txt", "1x 001.A/a1.jpg\n");
  ExpectError({"images.txt", "'1x 001.A/a1.jpg' is not '<id> <value>'"});
  WriteText(cub_ / "images.txt", "1 001.A/a1.jpg\n1 001.A/a2.jpg\n");
  ExpectError({"images.txt", "id 1 appears twice"});
  WriteText(cub_ / "images.txt", "1 001.A/a1.jpg\n2 001.A/a1.jpg\n");
  ExpectError({"images.txt", "has '001.A/a1' twice"});
  WriteText(cub_ / "images.txt", "4 001.A/a1.jpg\n");
  ExpectError({"has no row for image 4"});
}

TEST_F(CubSourceTest, SplitThatIsNeither) {
  WriteText(cub_ / "train_test_split.txt", "1 1\n2 2\n3 1\n");
  ExpectError({"train_test_split.txt", "'2' of image 2 is neither 0 nor 1"});
}

}  // namespace
}  // namespace helio::dataio
