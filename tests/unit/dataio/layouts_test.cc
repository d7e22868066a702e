#include <sys/stat.h>

#include "dataio/dataset.h"
#include "dataio/file_tree.h"
#include "tests/support/log_of.h"
#include "tests/unit/dataio/layouts_fixture.h"

// Other people's folders: what is read, what makes the splits, what is refused.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

// Pictures from a Mac's zip, texts written elsewhere.
TEST_F(LayoutsTest, TextsInAnotherNormalForm) {
  const std::string decomposed = "o\xCC\x88", composed = "\xC3\xB6";
  WritePicture(root_ / (decomposed + ".jpg"));
  WritePicture(root_ / ("images/a" + decomposed + ".jpg"));
  WriteText(root_ / (composed + ".txt"), "a bird");
  WriteText(root_ / ("text/a" + composed + ".txt"), "a cat");
  EXPECT_EQ(Ids("train"), "images/a" + decomposed + " " + decomposed + " ");
  // It is another picture's.
  WritePicture(root_ / (composed + ".jpg"));
  EXPECT_NE(Refusal().find(decomposed + ".txt: is missing"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, TextsNamedAfterTheWholeFile) {
  for (const char* name : {"1", "2"}) {
    WritePicture(root_ / (std::string(name) + ".jpg"));
    WriteText(root_ / (std::string(name) + ".jpg.txt"), "a bird");
  }
  EXPECT_EQ(Ids("train"), "1 2 ");
}

TEST_F(LayoutsTest, TextsInFoldersOfClasses) {
  for (const char* name : {"1", "2", "3"}) {
    WritePicture(root_ / "jpg" / ("image_" + std::string(name) + ".jpg"));
    WriteText(root_ / "text_c10/class_0" / ("image_" + std::string(name) + ".txt"),
              "flower " + std::string(name));
  }
  EXPECT_EQ(Refusal(), "");
  EXPECT_EQ(ReadFolder(Options())[0].records[2].captions, (std::vector<std::string>{"flower 3"}));
  // Of two texts of a name nobody knows which one is meant.
  WriteText(root_ / "text_c10/class_1/image_2.txt", "another flower");
  EXPECT_NE(Refusal().find("image_2.txt: is missing"), std::string::npos) << Refusal();
  WriteText(root_ / "text_c10/train_test_split.txt", "1 1");
  EXPECT_NE(Refusal().find("pack it with --source=cub"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, ForeignPicturesAreNamed) {
  Captioned("a");
  WriteText(root_ / "b.bmp", "BM");
  EXPECT_NE(Refusal().find("b.bmp: is in a format that is not read"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, WhatIsNotReadIsNamed) {
  for (const char* stem : {"a", "b"}) Captioned(stem);
  for (const char* name : {"a.cls", "b.cls", "meta.json", "c.jpg?w=300"}) WriteText(root_ / name, "0");
  auto log = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
  EXPECT_NE(log.find("left out 4 files that are not read (2 .cls, 1 .jpg?w=300, 1 .json): a.cls, b.cls"),
            std::string::npos)
      << log;
  WriteText(root_ / "captions.jsonl", R"({"image": "a.jpg", "captions": ["a bird"]})");
  log = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
  EXPECT_NE(log.find("left out 4 files that are not read (2 .cls"), std::string::npos) << log;
  EXPECT_NE(log.find("left out 2 files that are not read (2 .txt): a.txt, b.txt"), std::string::npos) << log;
}

TEST_F(LayoutsTest, ColumnsThatAreNotReadAreNamed) {
  WritePicture(root_ / "0.jpg");
  const auto log = [&](const std::string& name, const std::string& text) {
    WriteText(root_ / name, text);
    auto said = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
    fs::remove(root_ / name);
    return said;
  };
  const std::string object = R"({"file_name": "0.jpg", "text": "a bird", "label": 3, "split": "train"})";
  for (const auto& said : {log("metadata.csv", "file_name,text,label,split\n0.jpg,a bird,3,train\n"),
                           log("metadata.jsonl", object + "\n")})
    EXPECT_NE(said.find("columns that are not read: label\n"), std::string::npos) << said;
  const auto said = log("captions.jsonl", R"({"image": "0.jpg", "captions": ["a bird"], "label": 3})");
  EXPECT_NE(said.find("captions.jsonl: fields that are not read: label\n"), std::string::npos) << said;
}

TEST_F(LayoutsTest, AnOriginalBesideItsCopyIsNotMissed) {
  Captioned("a");
  WriteText(root_ / "a.NEF", "raw");
  const auto log = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
  EXPECT_NE(log.find("left out 1 pictures in formats that are not read, each beside a copy that is: a.NEF"),
            std::string::npos)
      << log;
  WriteText(root_ / "b.dng", "raw");
  EXPECT_NE(Refusal().find("b.dng: is in a format that is not read"), std::string::npos) << Refusal();
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

TEST_F(LayoutsTest, ALinkToAFolderDoesNotTakeItsName) {
  for (const char* stem : {"train/a", "train/b", "test/c"}) Captioned(stem);
  fs::create_directory_symlink("train", root_ / "latest");
  EXPECT_EQ(Ids("train"), "train/a train/b ");
  EXPECT_EQ(Ids("test"), "test/c ");
}

TEST_F(LayoutsTest, WhatIsNoTextOrNoFileIsNamed) {
  Captioned("a", std::string("r\0e\0d\0 \0b\0", 10));
  EXPECT_NE(Refusal().find("NUL bytes"), std::string::npos) << Refusal();
  Captioned("a");
  ASSERT_EQ(::mkfifo((root_ / "b.jpg").c_str(), 0600), 0);
  EXPECT_NE(Refusal().find("b.jpg: is no file"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, ClassesOfSomeAreNone) {
  for (const char* name : {"0.jpg", "1.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "captions.jsonl", R"({"image": "0.jpg", "captions": ["a bird"], "class": 0})"
                                      "\n"
                                      R"({"image": "1.jpg", "captions": ["a bird"]})");
  EXPECT_NE(Refusal().find("1.jpg: has no class, others of its split have one"), std::string::npos)
      << Refusal();
}

TEST_F(LayoutsTest, ClassNumbersThatAreIdsAreRefused) {
  for (const char* name : {"0.jpg", "1.jpg"}) WritePicture(root_ / name);
  const auto number = [&](const std::string& id) {
    WriteText(root_ / "captions.jsonl", R"({"image": "0.jpg", "captions": ["a bird"], "class": 0})"
                                        "\n"
                                        R"({"image": "1.jpg", "captions": ["a bird"], "class": )" +
                                            id + "}");
  };
  number("1000031676");
  EXPECT_NE(Refusal().find("the highest class is 1000031676 of 2 that occur"), std::string::npos)
      << Refusal();
  EXPECT_NE(Refusal().find("number them from 0, or leave them out"), std::string::npos) << Refusal();
  for (const char* id : {"1000031676", "8712345678901"}) {
    number(id);
    const auto log = LogOf([&] {
      for (const auto& record : ReadFolder(Options(/*skip=*/true))[0].records) EXPECT_EQ(record.class_id, -1);
    });
    EXPECT_NE(log.find("all classes are left out"), std::string::npos) << log;
  }
  number("8712345678901");
  EXPECT_NE(Refusal().find("the highest class is 8712345678901"), std::string::npos) << Refusal();
  number("21840");  // of ImageNet-21k: large, and meant
  const auto log = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
  EXPECT_NE(log.find("the highest class is 21840 of 2"), std::string::npos) << log;
  number("999");
  EXPECT_EQ(LogOf([&] { EXPECT_EQ(Refusal(), ""); }).find("highest class"), std::string::npos);
}

TEST_F(LayoutsTest, SuffixesInAnyCase) {
  WritePicture(root_ / "1.JPG");
  WriteText(root_ / "1.TXT", "a bird");
  WriteText(root_ / "log.jsonl", R"({"step": 1})");
  EXPECT_EQ(Ids("train"), "1 ");
}

TEST_F(LayoutsTest, HiddenFilesArePassedOver) {
  Captioned("a");
  WriteText(root_ / "._a.jpg", "\x05\x16\x07");
  WriteText(root_ / "__MACOSX/b.jpg", "x");
  EXPECT_EQ(Ids("train"), "a ");
}

TEST_F(LayoutsTest, LabelsAreNoCaptions) {
  for (const char* name : {"0", "1"}) {
    WritePicture(root_ / "images" / (std::string(name) + ".jpg"));
    WriteText(root_ / "labels" / (std::string(name) + ".txt"), "0 0.5 0.5 0.2 0.3\n");
  }
  EXPECT_NE(Refusal().find("none of its captions has a letter, the first is '0 0.5 0.5 0.2 0.3'"),
            std::string::npos)
      << Refusal();
  EXPECT_EQ(ErrorOf([&] { ReadFolder(Options(true)); }), "");
  WriteText(root_ / "text/1.txt", "a bird");
  EXPECT_NE(Refusal().find("holds several texts of images/1.jpg: labels/1.txt, text/1.txt"),
            std::string::npos)
      << Refusal();
  for (const char* name : {"0", "1"}) WriteText(root_ / "images" / (std::string(name) + ".txt"), "a bird");
  const auto log = LogOf([&] { EXPECT_EQ(Ids("train"), "images/0 images/1 "); });
  EXPECT_NE(log.find("left out 3 text files that are no picture's captions: labels/0.txt"), std::string::npos)
      << log;
}

TEST_F(LayoutsTest, CaptionsWithoutAWordAreCaptions) {
  Captioned("a", "\xF0\x9F\x90\xA6");
  EXPECT_NE(Refusal().find("a.txt: has no caption with a word of letters or digits"), std::string::npos)
      << Refusal();
  WriteText(root_ / "captions.jsonl", R"({"image": "a.jpg", "captions": ["..."]})");
  EXPECT_NE(Refusal().find("has no caption with a word of letters or digits"), std::string::npos)
      << Refusal();
  WriteText(root_ / "captions.jsonl", R"({"image": "a.jpg", "captions": []})");
  EXPECT_NE(Refusal().find("a.jpg: has no caption (mend"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, LettersThatWouldBeLostAreAnError) {
  Captioned("a", "\xE4\xB8\x80\xE5\x8F\xAA\xE9\xB8\x9F 12");
  auto options = Options();
  options.words = WordRule::kAscii;
  EXPECT_NE(ErrorOf([&] { ReadFolder(options); }).find("100.0 % of the letters"), std::string::npos);
  EXPECT_EQ(Tokenize("T\xC3\xAATE, l'eau", WordRule::kUnicode),
            (std::vector<std::string>{"t\xC3\xAAte", "l", "eau"}));
}

TEST_F(LayoutsTest, ADataSetsNameNeedNotBeUtf8) {
  auto options = SmallOptions(scratch_.path() / "out");
  options.name = "caf\xE9";
  PackDataset({SmallSplit(root_, "train", 2)}, options);
  EXPECT_EQ(Dataset(options.out, "train").size(), 2);
}

TEST_F(LayoutsTest, ThinPicturesAreNamed) {
  auto split = SmallSplit(root_, "train", 1);
  WritePicture(split.records[0].image, 0, 1, 4000);
  const auto error = ErrorOf([&] { PackDataset({split}, SmallOptions(scratch_.path() / "out")); });
  EXPECT_NE(error.find("is too thin: 1 x 4000"), std::string::npos) << error;
  EXPECT_EQ(ErrorOf([] { CheckNotThin(Image(1, 32), 24, 768, "x"); }), "");
  EXPECT_NE(ErrorOf([] { CheckNotThin(Image(33, 1), 24, 768, "x"); }).find("x: is too thin: 33 x 1 pixels"),
            std::string::npos);
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
