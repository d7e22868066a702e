#include "dataio/file_tree.h"
#include "tests/support/log_of.h"
#include "tests/unit/dataio/layouts_fixture.h"

// Other people's lists of splits: which files are such lists, which pictures they put where, what is refused.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

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

TEST_F(LayoutsTest, ListsOfSplitsInJsonAndTables) {
  for (const char* stem : {"a", "b", "c"}) Captioned(stem);
  const std::vector<std::vector<std::pair<const char*, const char*>>> lists = {
      {{"train.json", R"(["a.jpg", "b"])"}, {"test.json", R"(["c.jpg"])"}},
      {{"train.json", R"(["a.jpg", "b"])"}},
      {{"splits.json", R"({"train": ["a.jpg", "b.jpg"], "test": ["c.jpg"]})"}},
      {{"split.json", R"({"a.jpg": "train", "b.jpg": "train", "c.jpg": "test"})"}},
      {{"split.csv", "id,filename,split\n7,a.jpg,train\n8,b.jpg,train\n9,c.jpg,test\n"}},
      {{"split.csv", "a.jpg,train\nb.jpg,train\nc.jpg,test\n"}},
      {{"split.csv", "sep=;\r\nfilename;split\r\na.jpg;train\r\nb.jpg;train\r\nc.jpg;test\r\n"}},
      {{"split.csv", "filename,split\ra.jpg,train\rb.jpg,train\rc.jpg,test\r"}},
      {{"train.csv", "file_name,label\na.jpg,3\nb.jpg,3\na.jpg,4\n"},
       {"test.csv", "file_name,label\nc.jpg,3\n"}}};
  for (const auto& files : lists) {
    for (const auto& [name, text] : files) WriteText(root_ / name, text);
    SCOPED_TRACE(files[0].second);
    EXPECT_EQ(Ids("train"), "a b ");
    EXPECT_EQ(Ids("test"), "c ");
    EXPECT_EQ(LogOf([&] { Ids("train"); }).find("not read"), std::string::npos);
    for (const auto& [name, text] : files) fs::remove(root_ / name);
  }
}

// Python 3 writes protocol 4 unless it is told otherwise.
TEST_F(LayoutsTest, PickledListsOfPython3) {
  for (const char* stem : {"i/a", "i/b", "i/c"}) Captioned(stem);
  const std::string frame("\x80\x04\x95\x0d\0\0\0\0\0\0\0", 11);
  WriteText(root_ / "train/filenames.pickle", frame +
                                                  "]\x94(\x8c\x01"
                                                  "a\x94\x8c\x01"
                                                  "c\x94"
                                                  "e.");
  EXPECT_EQ(Ids("train"), "i/a i/c ");
  EXPECT_EQ(Ids("test"), "i/b ");
  WriteText(root_ / "train/filenames.pickle", std::string("\x80\x04\x4e.", 4));
  EXPECT_NE(Refusal().find("write the names into a .txt in its place"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, ThePartitionOfCelebA) {
  for (const char* stem : {"i/1", "i/2", "i/3", "i/4"}) Captioned(stem);
  for (const auto& [name, text] :
       {std::pair("list_eval_partition.txt", "1.jpg 0\n2.jpg 0\n3.jpg 1\n4.jpg 2\n5.jpg 2\n"),
        std::pair("list_eval_partition.csv", "image_id,partition\n1.jpg,0\n2.jpg,0\n3.jpg,1\n4.jpg,2\n")}) {
    WriteText(root_ / name, text);
    SCOPED_TRACE(name);
    EXPECT_EQ(Ids("train"), "i/1 i/2 ");
    EXPECT_EQ(Ids("val"), "i/3 ");
    EXPECT_EQ(Ids("test"), "i/4 ");
    const auto log = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
    EXPECT_EQ(log.find("left out"), std::string::npos) << log;
    EXPECT_EQ(log.find("not read"), std::string::npos) << log;
    fs::remove(root_ / name);
  }
}

// Somebody has a part of the pictures: the table of all of them decides still.
TEST_F(LayoutsTest, ATableOfSplitsOfALargerSet) {
  for (const char* stem : {"i/1", "i/2", "i/3"}) Captioned(stem);
  std::string rows = "label,file,split\n";
  for (int i = 1; i < 30; ++i)
    rows += "1," + std::to_string(i) + ".jpg," + (i % 2 == 0 ? "test" : "train") + "\n";
  WriteText(root_ / "split.csv", rows);
  EXPECT_EQ(Ids("train"), "i/1 i/3 ");
  EXPECT_EQ(Ids("test"), "i/2 ");
  WriteText(root_ / "split.csv", "file,split\n1.jpg,test\n7.jpg,train\n8.jpg,train\n9.jpg,train\n");
  const auto log = LogOf([&] { EXPECT_EQ(Ids("train"), "i/1 i/2 i/3 "); });
  EXPECT_NE(log.find("split.csv: is not read: it says splits"), std::string::npos) << log;
}

TEST_F(LayoutsTest, TablesOfOneSplitMayNameAPictureTwice) {
  for (const char* stem : {"i/a", "i/b", "i/c"}) Captioned(stem);
  WriteText(root_ / "train.csv", "file,label\na.jpg,3\nb.jpg,4\n");
  WriteText(root_ / "train_labels.csv", "file,label\na.jpg,3\ni/a.jpg,4\n");
  EXPECT_EQ(Refusal(), "");
  EXPECT_EQ(Ids("train"), "i/a i/b ");
  WriteText(root_ / "test_labels.csv", "file,label\nc.jpg,3\na.jpg,4\n");
  EXPECT_NE(Refusal().find("'a.jpg' is in "), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, JsonAndTablesThatAreNoListsAreNot) {
  for (const char* stem : {"a", "b", "c"}) Captioned(stem);
  for (const auto& [name, text] :
       {std::pair("train.json", R"(["a bird", "a cat"])"), std::pair("train.json", R"({"train": 3})"),
        std::pair("labels.csv", "file,label\na.jpg,3\nb.jpg,4\n"),
        std::pair("train.csv", "file,label\nx.jpg,3\ny.jpg,4\n"),
        std::pair("train_labels.csv", "file,label\na.jpg,3\nb.jpg,4\nc.jpg,4\n")}) {
    WriteText(root_ / name, text);
    SCOPED_TRACE(text);
    EXPECT_EQ(Ids("train"), "a b c ");
    EXPECT_NE(LogOf([&] { Ids("train"); }).find(std::string("not read (1 ") + SuffixOf(name)),
              std::string::npos);
    fs::remove(root_ / name);
  }
}

TEST_F(LayoutsTest, TablesOfFoldsAndLogsAreNoListsOfSplits) {
  for (const char* stem : {"1", "2", "3"}) Captioned(stem);
  const auto expect_unread = [&](const std::string& name) {
    const auto log = LogOf([&] { EXPECT_EQ(Ids("train"), "1 2 3 "); });
    EXPECT_NE(log.find(name + ": is not read: it may be a list"), std::string::npos) << log;
    EXPECT_NE(log.find("not read (2 "), std::string::npos) << log;
  };
  for (const std::string suffix : {".csv", ".json"}) {
    const bool json = suffix == ".json";
    WriteText(root_ / ("train_fold1" + suffix),
              json ? R"(["1.jpg", "2.jpg"])" : "file,label\n1.jpg,3\n2.jpg,3\n");
    WriteText(root_ / ("val_fold2" + suffix), json ? R"(["2.jpg"])" : "file,label\n2.jpg,3\n");
    expect_unread("train_fold1" + suffix);
    expect_unread("val_fold2" + suffix);
    for (const char* stem : {"train_fold1", "val_fold2"}) fs::remove(root_ / (stem + suffix));
  }
  WriteText(root_ / "training_log.csv", "epoch,loss\n1,0.5\n2,0.4\n");
  WriteText(root_ / "train_1.csv", "file,label\n1.jpg,3\n");
  expect_unread("training_log.csv");
  for (const char* name : {"training_log.csv", "train_1.csv"}) fs::remove(root_ / name);
  WriteText(root_ / "train2017_labels.csv", "file,label\n1.jpg,3\n2.jpg,3\n");
  EXPECT_EQ(Ids("test"), "3 ");
}

// Of the pictures that it names every tenth is for testing, as of a list of any other name.
TEST_F(LayoutsTest, AListOfCaptionsIsNoListOfASplit) {
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "train.csv", "a.jpg,a bird\nb.jpg,a cat\n");
  const auto log = LogOf([&] { EXPECT_EQ(Ids("train"), "a b "); });
  EXPECT_NE(log.find("so ten are needed"), std::string::npos) << log;
}

}  // namespace
}  // namespace helio::dataio
