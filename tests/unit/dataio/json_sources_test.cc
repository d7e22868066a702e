#include <gtest/gtest.h>

#include "tests/support/log_of.h"
#include "tests/unit/dataio/small_set.h"

// COCO's annotations and users' folders.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

class JsonSourcesTest : public testing::Test {
 protected:
  SourceOptions Options(bool skip = false) const {
    return {.root = root_, .captions_per_image = 0, .skip_missing = skip};
  }
  static size_t Count(const std::vector<SourceSplit>& splits) {
    size_t records = 0;
    for (const auto& split : splits) records += split.records.size();
    return records;
  }
  static void ExpectParts(const std::string& error, const std::vector<std::string>& parts) {
    for (const auto& part : parts) EXPECT_NE(error.find(part), std::string::npos) << part << " in: " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }

  const ScratchFolder scratch_{"json_sources"};
  const fs::path root_ = scratch_.path();
};

class CocoSourceTest : public JsonSourcesTest {
 protected:
  void SetUp() override {
    for (const char* name : {"i1.jpg", "i2.jpg"}) WritePicture(root_ / "train2014" / name);
  }
  void Annotate(const std::string& images, const std::string& annotations,
                const std::string& file = "captions_train2014.json") const {
    WriteText(root_ / "annotations" / file,
              R"({"images": [)" + images + R"(], "annotations": [)" + annotations + "]}");
  }
  void ExpectError(const std::vector<std::string>& parts) const {
    ExpectParts(ErrorOf([&] { ReadCoco(Options()); }), parts);
  }

  const std::string images_ = R"({"id": 9, "file_name": "i1.jpg"}, {"id": 4, "file_name": "i2.jpg"})";
  const std::string captions_ =
      R"({"image_id": 4, "caption": "a cat"}, {"image_id": 9, "caption": "a\ndog"},)"
      R"({"image_id": 4, "caption": "two cats"})";
};

TEST_F(CocoSourceTest, CaptionsGoToTheirImagesOnOneLine) {
  Annotate(images_, captions_);
  const auto splits = ReadCoco(Options());
  ASSERT_EQ(splits.size(), 1u);
  EXPECT_EQ(splits[0].name, "train");
  ASSERT_EQ(splits[0].records.size(), 2u);
  EXPECT_EQ(splits[0].records[0].id, "i2");
  EXPECT_EQ(splits[0].records[0].captions, (std::vector<std::string>{"a cat", "two cats"}));
  EXPECT_EQ(splits[0].records[1].captions, (std::vector<std::string>{"a dog"}));
}

TEST_F(CocoSourceTest, ValIsTestAndThePublishedYearComesFirst) {
  Annotate(images_, captions_);
  Annotate(images_, captions_, "captions_train2017.json");
  WritePicture(root_ / "val2017/v.jpg");
  Annotate(R"({"id": 1, "file_name": "v.jpg"})", R"({"image_id": 1, "caption": "x"})",
           "captions_val2017.json");
  const auto splits = ReadCoco(Options());
  ASSERT_EQ(splits.size(), 2u);
  EXPECT_EQ(splits[0].records[0].image, root_ / "train2014/i2.jpg");
  EXPECT_EQ(splits[1].name, "test");
  EXPECT_EQ(splits[1].records[0].image, root_ / "val2017/v.jpg");
}

// Of train2017 val2014 is a part: they must not become train and test.
TEST_F(CocoSourceTest, TheYearsOfTrainAndValFitTogether) {
  WritePicture(root_ / "train2017/t.jpg");
  for (const char* year : {"2014", "2017"}) WritePicture(root_ / ("val" + std::string(year)) / "v.jpg");
  const auto annotate = [&](const std::string& split, const std::string& name) {
    Annotate(R"({"id": 1, "file_name": ")" + name + R"("})", R"({"image_id": 1, "caption": "x"})",
             "captions_" + split + ".json");
  };
  annotate("train2017", "t.jpg");
  annotate("val2014", "v.jpg");
  ExpectError({"most pictures of val2014 are in train2017", "captions_val2017.json"});
  annotate("val2017", "v.jpg");
  EXPECT_EQ(ReadCoco(Options())[1].records[0].image, root_ / "val2017/v.jpg");
}

TEST_F(CocoSourceTest, PicturesMayLieInTheFolderImages) {
  WritePicture(root_ / "images/train2017/t.jpg");
  Annotate(R"({"id": 1, "file_name": "t.jpg"})", R"({"image_id": 1, "caption": "x"})",
           "captions_train2017.json");
  EXPECT_EQ(ReadCoco(Options())[0].records[0].image, root_ / "images/train2017/t.jpg");
}

TEST_F(CocoSourceTest, TrainAloneIsNoSetOfTooFewPictures) {
  Annotate(images_, captions_);
  const auto log = LogOf([&] { ReadCoco(Options()); });
  EXPECT_NE(log.find("wants a split 'test': none is (train by annotations/captions_train2014.json)"),
            std::string::npos)
      << log;
  EXPECT_EQ(log.find("ten are needed"), std::string::npos) << log;
}

TEST_F(CocoSourceTest, PicturesWithoutAnEntryAreNamed) {
  Annotate(images_, captions_);
  EXPECT_EQ(LogOf([&] { ReadCoco(Options()); }).find("left out"), std::string::npos);
  WritePicture(root_ / "train2014/more/i3.jpg");
  const auto log = LogOf([&] { ReadCoco(Options()); });
  EXPECT_NE(log.find("left out 1 pictures that the annotations do not name: train2014/more/i3.jpg"),
            std::string::npos)
      << log;
}

TEST_F(CocoSourceTest, JsonOfAnotherShapeIsNamed) {
  const auto file = root_ / "annotations/captions_train2014.json";
  for (const char* text :
       {"", "[1]", "7", "{}", R"({"images": []})", R"({"images": 3, "annotations": []})",
        R"({"images": {"a": 1}, "annotations": []})", R"({"images": [], "annotations": "x"})",
        R"({"images": [)", "{\"images\": [\"\xE9\"], \"annotations\": []}"}) {
    WriteText(file, text);
    ExpectError({file.string()});
  }
}

TEST_F(CocoSourceTest, RecordsOfAnotherShapeAreComplaints) {
  for (const char* image :
       {"3", R"({"id": "9", "file_name": "i1.jpg"})", R"({"id": 1.5, "file_name": "i1.jpg"})",
        R"({"id": true, "file_name": "i1.jpg"})", R"({"id": 18446744073709551615})", R"({"id": 1})",
        R"({"id": 1, "file_name": 3})"}) {
    Annotate(images_ + "," + image, captions_);
    ExpectError({"captions_train2014.json", "1 record that cannot be used", "--on_missing=skip"});
    EXPECT_EQ(Count(ReadCoco(Options(true))), 2u) << image;
  }
}

TEST_F(CocoSourceTest, AnImageTwice) {
  Annotate(images_ + R"(, {"id": 4, "file_name": "i1.jpg"})", captions_);
  ExpectError({"captions_train2014.json: image id 4 appears twice"});
  EXPECT_EQ(Count(ReadCoco(Options(true))), 2u);
}

TEST_F(CocoSourceTest, ACaptionOfAnUnknownImage) {
  Annotate(images_, captions_ + R"(, {"image_id": 5, "caption": "x"})");
  ExpectError({"captions_train2014.json", "unknown image 5"});
  EXPECT_EQ(Count(ReadCoco(Options(true))), 2u);
}

TEST_F(CocoSourceTest, MissingImagesAndCaptions) {
  Annotate(images_ + R"(, {"id": 5, "file_name": "gone.jpg"})",
           captions_ + R"(,{"image_id": 5, "caption": "x"})");
  ExpectError({"train2014/gone.jpg: is missing"});
  Annotate(images_, R"({"image_id": 4, "caption": "a cat"}, {"image_id": 9, "caption": "..."})");
  ExpectError({"train2014/i1.jpg: has no caption"});
  EXPECT_EQ(Count(ReadCoco(Options(true))), 1u);
}

TEST_F(CocoSourceTest, NoAnnotationsAreNamed) { ExpectError({root_.string(), "--root"}); }

class FolderSourceTest : public JsonSourcesTest {
 protected:
  void Lines(const std::string& text) const { WriteText(root_ / "captions.jsonl", text); }
  void ExpectComplaint(const std::vector<std::string>& parts, size_t left) const {
    ExpectParts(ErrorOf([&] { ReadFolder(Options()); }), parts);
    EXPECT_EQ(Count(ReadFolder(Options(true))), left);
  }
};

TEST_F(FolderSourceTest, PicturesWithTextsEveryTenthForTesting) {
  for (int i = 10; i < 30; ++i) {
    WritePicture(root_ / "sub" / ("p" + std::to_string(i) + (i % 2 ? ".JPG" : ".jpeg")));
    WriteText(root_ / "sub" / ("p" + std::to_string(i) + ".txt"), "one " + std::to_string(i) + "\ntwo\n");
  }
  const auto splits = ReadFolder(Options());
  ASSERT_EQ(splits[0].records.size(), 18u);
  ASSERT_EQ(splits[1].records.size(), 2u);
  EXPECT_EQ(splits[1].records[0].id, "sub/p19");
  EXPECT_EQ(splits[1].records[1].id, "sub/p29");
  EXPECT_EQ(splits[0].records[0].captions, (std::vector<std::string>{"one 10", "two"}));
}

TEST_F(FolderSourceTest, TextsMissingEmptyOrNotUtf8) {
  for (const char* name : {"a", "b", "c", "d"}) WritePicture(root_ / (std::string(name) + ".png"));
  WriteText(root_ / "a.txt", "fine");
  WriteText(root_ / "b.txt", "\n");
  WriteText(root_ / "c.txt", "caf\xE9");
  ExpectComplaint({"3 records", "b.txt: has no caption", "c.txt: is not UTF-8", "d.txt: is missing"}, 1);
}

TEST_F(FolderSourceTest, TwoPicturesOfOneName) {
  WritePicture(root_ / "a.jpg");
  WritePicture(root_ / "a.png");
  WriteText(root_ / "a.txt", "fine");
  ExpectComplaint({"a.png: 'a' appears twice: ", "a.jpg has that name, too (rename one of them)"}, 1);
}

// The tenth record is for testing, which is no reason to speak of splits.
TEST_F(FolderSourceTest, ALineThatComesTwiceAsTheTenth) {
  std::string lines;
  for (const int i : {0, 1, 2, 3, 4, 5, 6, 7, 8, 4}) {
    const auto name = std::to_string(i) + ".jpg";
    WritePicture(root_ / name);
    lines += R"({"image": ")" + name + R"(", "captions": ["one"]})" + "\n";
  }
  Lines(lines);
  ExpectComplaint({"captions.jsonl record 10: ", "'4' appears twice (put its captions into one record)"}, 9);
}

TEST_F(FolderSourceTest, JsonLines) {
  for (const char* name : {"a.jpg", "b.jpg"}) WritePicture(root_ / name);
  Lines(R"({"image": "a.jpg", "captions": ["one", "two"], "class": 3, "box": [1, 2, 3.5, 4]})"
        "\r\n\n"
        R"({"image": "b.jpg", "captions": ["x"], "split": "test"})");
  const auto splits = ReadFolder(Options());
  ASSERT_EQ(splits[0].records.size(), 1u);
  ASSERT_EQ(splits[1].records.size(), 1u);
  EXPECT_EQ(splits[0].records[0].class_id, 3);
  EXPECT_EQ(splits[0].records[0].box, (std::array<double, 4>{1, 2, 3.5, 4}));
  EXPECT_EQ(splits[1].records[0].class_id, -1);
  EXPECT_FALSE(splits[1].records[0].has_box());
}

// As pandas writes a cell that is empty.
TEST_F(FolderSourceTest, NullInALineSaysNothing) {
  for (const char* name : {"a.jpg", "b.jpg"}) WritePicture(root_ / name);
  const std::string line = R"(.jpg", "captions": ["one"], "class": null, "box": null, "split": null})";
  Lines(R"({"image": "a)" + line + "\n" + R"({"image": "b)" + line);
  const auto splits = ReadFolder(Options());
  ASSERT_EQ(Count(splits), 2u);
  EXPECT_EQ(splits[0].records[0].class_id, -1);
  EXPECT_FALSE(splits[0].records[0].has_box());
}

TEST_F(FolderSourceTest, AListInPlaceOfLinesIsNamed) {
  WritePicture(root_ / "a.jpg");
  for (const char* separator : {"", "\n"}) {
    Lines("[" + std::string(separator) + R"({"image": "a.jpg", "captions": ["one"]}])");
    ExpectParts(ErrorOf([&] { ReadFolder(Options()); }), {"captions.jsonl: is one JSON list", "jq -c"});
  }
}

TEST_F(FolderSourceTest, LinesWithFieldsOfHuggingFaceAreAList) {
  WritePicture(root_ / "i/a.jpg");
  Lines(R"({"file_name": "i/a.jpg", "text": "one"})");
  EXPECT_EQ(ReadFolder(Options())[0].records[0].captions, (std::vector<std::string>{"one"}));
}

TEST_F(FolderSourceTest, BadLinesAreComplaints) {
  WritePicture(root_ / "a.jpg");
  WritePicture(root_ / "b.jpg");
  const std::string fine = R"({"image": "a.jpg", "captions": ["one"]})";
  for (const char* line : {"[]", "{", R"({"captions": ["x"]})", R"({"image": "b.jpg"})",
                           R"({"image": "b.jpg", "captions": "x"})", R"({"image": "b.jpg", "captions": [1]})",
                           R"({"image": "b.jpg", "captions": ["x"], "class": "red"})",
                           R"({"image": "b.jpg", "captions": ["x"], "class": 1.5})",
                           R"({"image": "b.jpg", "captions": ["x"], "class": -2})",
                           R"({"image": "b.jpg", "captions": ["x"], "box": [1, 2, 3]})",
                           R"({"image": "b.jpg", "captions": ["x"], "box": [1, 2, 0, 3]})",
                           R"({"image": "b.jpg", "captions": ["x"], "split": "both"})",
                           R"({"image": "b.jpg", "captions": ["x"], "split": 1})",
                           "{\"image\": \"b.jpg\", \"captions\": [\"\xE9\"]}"}) {
    Lines(fine + "\n" + line);
    SCOPED_TRACE(line);
    ExpectComplaint({"1 record that cannot be used", "captions.jsonl record 2"}, 1);
  }
}

TEST_F(FolderSourceTest, LinesWithoutPictureCaptionOrTwice) {
  WritePicture(root_ / "a.jpg");
  const std::string fine = R"({"image": "a.jpg", "captions": ["one"]})";
  Lines(fine + "\n" + R"({"image": "gone.jpg", "captions": ["one"]})");
  ExpectComplaint({"gone.jpg: is missing"}, 1);
  Lines(fine + "\n" + fine);
  ExpectComplaint({"'a' appears twice"}, 1);
  WritePicture(root_ / "b.jpg");
  Lines(fine + "\n" + R"({"image": "b.jpg", "captions": [" "]})");
  ExpectComplaint({"b.jpg: has no caption"}, 1);
}

// CycleGAN's sets as published: a folder a domain and split, no captions.
class DomainsTest : public FolderSourceTest {
 protected:
  void SetUp() override {
    for (const char* name :
         {"trainA/a1.jpg", "trainA/a2.jpg", "testA/a3.jpg", "trainB/b1.jpg", "testB/b2.jpg"})
      WritePicture(root_ / name);
    options_.captions = false;
  }
  SourceOptions options_ = Options();
};

TEST_F(DomainsTest, OneDomainIsReadWithItsSplits) {
  options_.domain = "A";
  const auto splits = ReadFolder(options_);
  ASSERT_EQ(splits[0].records.size(), 2u);
  ASSERT_EQ(splits[1].records.size(), 1u);
  EXPECT_EQ(splits[0].records[1].id, "trainA/a2");
  EXPECT_EQ(splits[1].records[0].id, "testA/a3");
  EXPECT_TRUE(splits[0].records[0].captions.empty());
}

TEST_F(DomainsTest, LinesOfCaptionsOfOtherDomainsAreLeftOut) {
  std::string lines;
  for (const char* name : {"trainA/a1", "testA/a3", "trainB/b1", "testB/b2"})
    lines += R"({"image": ")" + std::string(name) + R"(.jpg", "captions": ["one"]})" + "\n";
  Lines(lines);
  options_.domain = "A";
  for (const bool captions : {true, false}) {
    options_.captions = captions;
    const auto splits = ReadFolder(options_);
    ASSERT_EQ(Count(splits), 2u);
    EXPECT_EQ(splits[1].records[0].id, "testA/a3");
  }
}

TEST_F(DomainsTest, WhichOneMustBeSaid) {
  ExpectParts(ErrorOf([&] { ReadFolder(options_); }), {"holds the domains A, B", "--domain=A"});
  options_.domain = "C";
  ExpectParts(ErrorOf([&] { ReadFolder(options_); }), {"has no folder trainC", "one of A, B"});
}

TEST_F(FolderSourceTest, PicturesAloneNeedNoTexts) {
  for (const char* name : {"a.jpg", "b.jpg"}) WritePicture(root_ / name);
  auto options = Options();
  options.captions = false;
  EXPECT_EQ(Count(ReadFolder(options)), 2u);
}

TEST_F(FolderSourceTest, NoFolderIsNamed) {
  auto options = Options();
  options.root = root_ / "nothing";
  ExpectParts(ErrorOf([&] { ReadFolder(options); }), {"nothing", "--root"});
}

}  // namespace
}  // namespace helio::dataio
