#include "tests/support/log_of.h"
#include "tests/unit/dataio/layouts_fixture.h"

// Other people's lists of captions: which pictures a row names, which split it says, what is refused.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

// captions.jsonl for `names`; with ":SPLIT" behind a name that is what its line says.
std::string CaptionLinesOf(const std::vector<std::string>& names) {
  std::string lines;
  for (const auto& name : names) {
    const auto colon = std::min(name.find(':'), name.size());
    const auto split = colon < name.size() ? R"(, "split": ")" + name.substr(colon + 1) + '"' : "";
    lines += R"({"image": ")" + name.substr(0, colon) + R"(", "captions": ["a bird"])" + split + "}\n";
  }
  return lines;
}

TEST_F(LayoutsTest, LinesOfCaptionsWithoutASplitFollowListsAndFolders) {
  const std::vector<std::string> names = {"train/a.jpg", "train/b.jpg", "test/c.jpg"};
  for (const auto& name : names) WritePicture(root_ / name);
  WriteText(root_ / "captions.jsonl", CaptionLinesOf(names));
  EXPECT_EQ(Ids("train"), "train/a train/b ");
  EXPECT_EQ(Ids("test"), "test/c ");
  WriteText(root_ / "test.txt", "train/b\n");
  EXPECT_EQ(Ids("test"), "train/b ");
  EXPECT_EQ(Ids("train"), "train/a test/c ");
}

TEST_F(LayoutsTest, WhereListsAndFoldersDoNotDecideTheFieldSplitIsNamed) {
  const auto expect_remedy = [](const std::string& text, const std::string& what) {
    EXPECT_NE(text.find(what), std::string::npos) << text;
    EXPECT_NE(text.find("say each line's split in its field 'split'"), std::string::npos) << text;
  };
  const std::vector<std::string> names = {"train/a.jpg", "test/b.jpg", "c.jpg"};
  for (const auto& name : names) WritePicture(root_ / name);
  WriteText(root_ / "captions.jsonl", CaptionLinesOf(names));
  expect_remedy(Refusal(), "lies beside the folders that make the splits");
  WriteText(root_ / "train.txt", "a\n");
  WriteText(root_ / "test.txt", "b\n");
  expect_remedy(LogOf([&] { EXPECT_EQ(Refusal(), ""); }), "left out 1 pictures that are in no split");
  WriteText(root_ / "test.txt", "a\n");
  expect_remedy(Refusal(), "'a' is in ");
}

// Where all lines say a split a list that lies beside them is not asked, and may be of another set.
TEST_F(LayoutsTest, LinesOfCaptionsGoBeforeLists) {
  for (const char* name : {"a.jpg", "b.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "captions.jsonl", CaptionLinesOf({"a.jpg:test", "b.jpg:train"}));
  WriteText(root_ / "train.txt", "gone/1.jpg\ngone/2.jpg\n");
  EXPECT_EQ(Ids("test"), "a ");
}

TEST_F(LayoutsTest, RowsWithoutASplitAreTheOtherSplit) {
  std::vector<std::string> lines;
  std::string table = "image,caption,split\n";
  for (int i = 10; i < 30; ++i) {
    const auto name = std::to_string(i) + ".jpg";
    WritePicture(root_ / name);
    lines.push_back(name + (i < 12 ? ":test" : ""));
    table += name + ",a bird," + (i < 12 ? "test" : "") + "\n";
  }
  WriteText(root_ / "captions.csv", table);
  EXPECT_EQ(Ids("test"), "10 11 ");
  WriteText(root_ / "captions.jsonl", CaptionLinesOf(lines));
  EXPECT_EQ(Ids("test"), "10 11 ");
}

TEST_F(LayoutsTest, RowsWithoutASplitBesideTrainAndTestAreLeftOut) {
  for (const char* name : {"0.jpg", "1.jpg", "2.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "a.csv", "image,split,caption\n0.jpg,train,x\n0.jpg,,y\n1.jpg,test,x\n2.jpg,,x\n");
  EXPECT_EQ(Ids("train"), "0 ");
  EXPECT_EQ(Ids("test"), "1 ");
}

TEST_F(LayoutsTest, ASplitThatIsNoneIsRefused) {
  WritePicture(root_ / "a.jpg");
  WriteText(root_ / "metadata.csv", "file_name,text,split\na.jpg,a bird,-");
  EXPECT_NE(Refusal().find("split '-' is none of train, val, test"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, ASetThatIsNoSplitIsNotRead) {
  for (const char* name : {"0.jpg", "1.jpg"}) WritePicture(root_ / name);
  const std::string line = R"({"file_name": "0.jpg", "text": "a bird", "set": "CUB"})";
  for (const auto& [name, text] :
       {std::pair<std::string, std::string>("metadata.csv", "file_name,text,set\n0.jpg,a bird,CUB\n"),
        std::pair<std::string, std::string>("metadata.jsonl", line + "\n")}) {
    WriteText(root_ / name, text);
    const auto log = LogOf([&] { EXPECT_EQ(Ids("train"), "0 "); });
    EXPECT_NE(log.find("column 'set' is not read"), std::string::npos) << log;
    fs::remove(root_ / name);
  }
  const auto table = [&](const std::string& text) { WriteText(root_ / "metadata.csv", text); };
  table("file_name,text,set,partition\n0.jpg,a bird,CUB,train\n1.jpg,a bird,CUB,test\n");
  EXPECT_EQ(Ids("test"), "1 ");
  table("file_name,text,set,partition\n0.jpg,a bird,train,train\n1.jpg,a bird,train,test\n");
  EXPECT_NE(Refusal().find("is in 'train' by one column and in 'test'"), std::string::npos) << Refusal();
  table("file_name,text,set\n0.jpg,a bird,train\n1.jpg,a bird,CUB\n");
  EXPECT_NE(Refusal().find("split 'CUB' is none of"), std::string::npos) << Refusal();
  table("file_name,text,split\n0.jpg,a bird,CUB\n");
  EXPECT_NE(Refusal().find("split 'CUB' is none of"), std::string::npos) << Refusal();
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

// Both splits count from 0: a train picture that is lost is not the test picture of that name.
TEST_F(LayoutsTest, MetadataOfAFolderNamesThePicturesOfThatFolder) {
  for (const char* name : {"train/0.jpg", "test/0.jpg", "test/1.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "train/metadata.csv", "file_name,text\n0.jpg,one\n1.jpg,lost\n");
  WriteText(root_ / "test/metadata.csv", "file_name,text\n0.jpg,two\n1.jpg,three\n");
  EXPECT_NE(Refusal().find("names '1.jpg', of which there is no picture"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, TwoListsOfOneFolderAreRefused) {
  for (const char* name : {"train/0.jpg", "test/0.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "train/metadata.csv", "file_name,text\n0.jpg,one\n");
  WriteText(root_ / "test/metadata.jsonl", R"({"file_name": "0.jpg", "text": "two"})");
  EXPECT_EQ(Refusal(), "");
  WriteText(root_ / "train/metadata.jsonl", R"({"file_name": "0.jpg", "text": "old"})");
  EXPECT_NE(Refusal().find("two lists of captions: train/metadata.csv, train/metadata.jsonl"),
            std::string::npos)
      << Refusal();
}

TEST_F(LayoutsTest, AListInTheFolderOfEachSplit) {
  for (const char* name : {"train/images/0.jpg", "train/images/1.jpg", "test/images/0.jpg"})
    WritePicture(root_ / name);
  WriteText(root_ / "train/captions.txt", "image,caption\n0.jpg,of train\n1.jpg,one\n");
  WriteText(root_ / "test/captions.txt", "image,caption\n0.jpg,of test\n");
  EXPECT_EQ(Ids("train"), "train/images/0 train/images/1 ");
  const auto splits = ReadFolder(Options());
  EXPECT_EQ(splits[0].records[0].captions, (std::vector<std::string>{"of train"}));
  EXPECT_EQ(splits[1].records[0].captions, (std::vector<std::string>{"of test"}));
  fs::remove(root_ / "train/images/1.jpg");
  WritePicture(root_ / "test/images/1.jpg");
  EXPECT_NE(Refusal().find("names '1.jpg', of which there is no picture"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, CommasAndQuotesOfPeopleWhoDoNotQuote) {
  for (const char* name : {"0.jpg", "1.jpg", "2.jpg"}) WritePicture(root_ / name);
  const auto captions = [&](const std::string& file, const std::string& text) {
    WriteText(root_ / file, text);
    std::vector<std::string> all;
    for (const auto& split : ReadFolder(Options()))
      for (const auto& record : split.records)
        all.insert(all.end(), record.captions.begin(), record.captions.end());
    fs::remove(root_ / file);
    return all;
  };
  using Captions = std::vector<std::string>;
  EXPECT_EQ(captions("a.csv",
                     "image,caption\n0.jpg,a small, red bird\n1.jpg,\"Red\" bird\n2.jpg,\"a, \"\"b\"\"\"\n"),
            (Captions{"a small, red bird", "Red bird", "a, \"b\""}));
  EXPECT_EQ(
      captions("a.csv", "image|no|comment\n0.jpg| 0| \" A man .\n1.jpg| 0| it\"s one\n2.jpg|0|\"two\"\n"),
      (Captions{"\" A man .", "it\"s one", "two"}));
}

TEST_F(LayoutsTest, AQuoteThatIsNotClosedSwallowsNothing) {
  for (const char* name : {"0.jpg", "1.jpg", "2.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "a.csv", "image,caption\n0.jpg,\"a man\n1.jpg,\"a bird\n2.jpg,a third\n");
  EXPECT_NE(Refusal().find("a.csv record 1: a quote that is opened here is closed in the middle"),
            std::string::npos)
      << Refusal();
  EXPECT_NE(Refusal().find("2 "), std::string::npos) << Refusal();
  WriteText(root_ / "a.csv", "image,caption,source\n0.jpg,a man, big,web\n1.jpg,a,web\n2.jpg,b,web\n");
  EXPECT_NE(Refusal().find("record 1: has 4 fields, the header 3"), std::string::npos) << Refusal();
}

std::string Utf16(const std::string& ascii) {
  std::string text = "\xFF\xFE";
  for (const char c : ascii) text += {c, '\0'};
  return text;
}

TEST_F(LayoutsTest, TablesOfExcelAndOldMacs) {
  for (const char* name : {"0.jpg", "1.jpg"}) WritePicture(root_ / name);
  const std::string table = "file_name\ttext\r\n0.jpg\ta bird\r\n1.jpg\ta bird\r\n";
  for (const char* file : {"metadata.csv", "captions.csv", "captions.tsv"})
    EXPECT_NE(IdsBy(file, Utf16(table)).find(std::string(file) + ": is UTF-16 (save it as UTF-8"),
              std::string::npos);
  for (const char* file : {"metadata.jsonl", "captions.jsonl", "captions.json"})
    EXPECT_NE(IdsBy(file, Utf16(R"({"0.jpg": "a bird", "image": "0.jpg", "text": "a"})")).find("is UTF-16"),
              std::string::npos);
  EXPECT_EQ(IdsBy("captions.csv", "sep=;\r\nimage;caption\r\n0.jpg;a bird\r\n1.jpg;a, b\r\n"), "0 1 ");
  EXPECT_EQ(IdsBy("metadata.csv", "file_name,text\r0.jpg,a bird\r1.jpg,a bird\r"), "0 1 ");
  EXPECT_EQ(IdsBy("captions.token", "0.jpg#0\ta bird\r1.jpg#0\ta bird\r"), "0 1 ");
}

TEST_F(LayoutsTest, AListInUtf16IsNamed) {
  Captioned("a");
  WriteText(root_ / "train.txt", Utf16("a\r\n"));
  EXPECT_NE(Refusal().find("train.txt: is UTF-16"), std::string::npos) << Refusal();
  fs::remove(root_ / "train.txt");
  WriteText(root_ / "split.csv", Utf16("filename,split\r\na.jpg,train\r\n"));
  EXPECT_NE(Refusal().find("split.csv: is UTF-16"), std::string::npos) << Refusal();
}

// "IMG_0001" and "good" are no captions.
TEST_F(LayoutsTest, TitlesAndCommentsBesideCaptions) {
  WritePicture(root_ / "0.jpg");
  const auto captions = [&](const std::string& file, const std::string& text) {
    WriteText(root_ / file, text);
    const auto all = ReadFolder(Options())[0].records[0].captions;
    fs::remove(root_ / file);
    return all;
  };
  using Captions = std::vector<std::string>;
  const std::string table = "image,title,caption,comment\n0.jpg,IMG_0,a bird,good\n";
  EXPECT_NE(LogOf([&] {
              EXPECT_EQ(captions("a.csv", table), Captions{"a bird"});
            }).find("columns that are not read: title, comment"),
            std::string::npos);
  EXPECT_EQ(captions("metadata.jsonl", R"({"file_name": "0.jpg", "title": "IMG_0", "text": "a bird"})"),
            Captions{"a bird"});
  EXPECT_EQ(captions("a.csv", "image,title\n0.jpg,a bird\n"), Captions{"a bird"});
  const std::string two = "image,text,description\n0.jpg,a bird,a red bird\n";
  EXPECT_NE(LogOf([&] {
              EXPECT_EQ(captions("a.csv", two), (Captions{"a bird", "a red bird"}));
            }).find("captions are of the columns text, description"),
            std::string::npos);
}

TEST_F(LayoutsTest, KarpathysJsonWithoutSplits) {
  WritePicture(root_ / "i/0.jpg");
  WriteText(root_ / "dataset.json",
            R"({"images": [{"filename": "0.jpg", "sentences": [{"raw": "a bird"}]}]})");
  EXPECT_EQ(Ids("train"), "i/0 ");
}

TEST_F(LayoutsTest, ColumnsAsPeopleWriteThem) {
  WritePicture(root_ / "0.jpg");
  for (const char* header :
       {"Image Name,Caption Text", "file-name,caption", "\"File Name\";\"Description\""}) {
    const char separator = std::string(header).find(';') == std::string::npos ? ',' : ';';
    EXPECT_EQ(IdsBy("a.csv", std::string(header) + "\n0.jpg" + separator + "a bird\n"), "0 ") << header;
  }
  EXPECT_NE(IdsBy("a.csv", "id,caption\n0,a bird\n").find("a.csv begins 'id,caption': call its columns"),
            std::string::npos);
}

TEST_F(LayoutsTest, ATableWithoutCaptionsIsNamed) {
  WritePicture(root_ / "0.jpg");
  WriteText(root_ / "metadata.csv", "file_name,width,prompt_en\n0.jpg,80,a bird\n");
  EXPECT_NE(Refusal().find("has no column of captions"), std::string::npos) << Refusal();
  EXPECT_NE(Refusal().find("file_name, width, prompt_en"), std::string::npos) << Refusal();
}

// img2dataset's "key", COCO's "image_id" and row numbers count from elsewhere: here each is a file's name,
// too.
TEST_F(LayoutsTest, AFileNameGoesBeforeAnIdOfAnotherPicture) {
  for (const char* name : {"0.jpg", "1.jpg", "2.jpg"}) WritePicture(root_ / name);
  const auto captions = [&](const std::string& file, const std::string& text) {
    WriteText(root_ / file, text);
    std::string all;
    for (const auto& split : ReadFolder(Options()))
      for (const auto& record : split.records) all += record.id + "=" + record.captions[0] + " ";
    fs::remove(root_ / file);
    return all;
  };
  for (const char* id : {"name", "image_id", "key", "photo_id", "path"})
    EXPECT_EQ(captions("a.csv", std::string(id) + ",file_name,text\n1,0.jpg,of 0\n2,1.jpg,of 1\n"),
              "0=of 0 1=of 1 ")
        << id;
  EXPECT_EQ(captions("metadata.jsonl", R"({"key": "1", "file_name": "0.jpg", "text": "of 0"})"
                                       "\n"
                                       R"({"image": "0.jpg", "file_name": "1.jpg", "text": "of 1"})"),
            "0=of 0 1=of 1 ");
  EXPECT_EQ(captions("a.csv", "image_id,caption\n1,of 1\n2,of 2\n"), "1=of 1 2=of 2 ");
}

TEST_F(LayoutsTest, ColumnsThatNameTwoPicturesAreAnError) {
  for (const char* name : {"a/0.jpg", "a/1.jpg", "b/0.jpg"}) WritePicture(root_ / name);
  const auto refusal = [&](const std::string& text) {
    WriteText(root_ / "a.csv", text);
    return Refusal();
  };
  EXPECT_NE(refusal("file_name,filepath,text\na/0.jpg,a/1.jpg,x\n").find("names two pictures, 'a/0.jpg' and"),
            std::string::npos);
  EXPECT_NE(refusal("image,text,set,partition\na/0.jpg,x,train,test\n").find("is in 'train' by one column"),
            std::string::npos);
  // A path of another machine, and a name that two folders have, are no second picture.
  EXPECT_EQ(refusal("file_name,file_path,text\n0.jpg,b/0.jpg,x\n1.jpg,/gone/1.png,y\n"), "");
  EXPECT_EQ(Ids("train"), "b/0 a/1 ");
}

TEST_F(LayoutsTest, ALesserColumnSaysWhichPictureABetterOneMeans) {
  for (const char* name : {"a/0.jpg", "a/1.jpg", "b/0.jpg"}) WritePicture(root_ / name);
  EXPECT_EQ(IdsBy("a.csv", "image_path,file_name,text\nb/0.jpg,0.jpg,x\na/1.jpg,1.jpg,y\n"), "b/0 a/1 ");
  EXPECT_EQ(IdsBy("a.csv", "name,image,text\na/1.jpg,https://x.org/7,x\n"), "a/1 ");
  EXPECT_EQ(IdsBy("metadata.jsonl", R"({"path": "b/0.jpg", "file_name": "0.jpg", "text": "x"})"), "b/0 ");
  // Of another picture, or an id: they say nothing of one that is not there.
  for (const char* row : {"image,file_name,text\na/1.jpg,7.jpg,x\n", "image_id,image,text\n1,7.jpg,x\n"})
    EXPECT_NE(IdsBy("a.csv", row).find("names '7.jpg', of which there is no picture"), std::string::npos);
}

TEST_F(LayoutsTest, AnIdAmongFileNamesIsAComplaint) {
  for (const char* name : {"0.jpg", "1.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "metadata.jsonl", R"({"key": "1", "file_name": "0.jpg", "text": "of 0"})"
                                      "\n"
                                      R"({"key": "1", "text": "of another"})");
  EXPECT_NE(Refusal().find("metadata.jsonl record 2: '1' is an id, no file name"), std::string::npos)
      << Refusal();
}

TEST_F(LayoutsTest, NamesAsOtherMachinesWriteThem) {
  const std::string decomposed = "o\xCC\x88.jpg", composed = "\xC3\xB6.jpg";
  for (const std::string& name : {std::string("i/a b.jpg"), "i/" + decomposed}) WritePicture(root_ / name);
  const auto ids = [&](const std::string& name) {
    WriteText(root_ / "captions.csv", "image,caption\n" + name + ",a bird\n");
    const auto error = Refusal();
    return error.empty() ? Ids("train") : error;
  };
  for (const std::string& name :
       {(fs::absolute(root_) / "i/a b.jpg").string(), std::string("i\\a b.jpg"), std::string("/i/a b.jpg"),
        std::string("a%20b.jpg"), std::string(".\\i\\a%20b.jpg")})
    EXPECT_EQ(ids(name), "i/a b ") << name;
  EXPECT_EQ(ids("i/" + composed), "i/o\xCC\x88 ");
  EXPECT_NE(ids("/elsewhere/a b.jpg").find("of which there is no picture"), std::string::npos);
  EXPECT_NE(ids("a%2.jpg").find("of which there is no picture"), std::string::npos);
  fs::remove(root_ / "captions.csv");
  WriteText(root_ / "captions.jsonl", CaptionLinesOf({R"(i\\a b.jpg)", "i/" + composed}));
  EXPECT_EQ(Ids("train"), "i/a b i/o\xCC\x88 ");
  WriteText(root_ / "captions.jsonl", CaptionLinesOf({"/i/a b.jpg"}));
  EXPECT_EQ(Refusal(), "");
  WriteText(root_ / "captions.jsonl", CaptionLinesOf({(fs::canonical(root_) / "i/a b.jpg").string()}));
  auto linked = Options();
  linked.root = scratch_.path() / "link";
  fs::create_directory_symlink(fs::absolute(root_), linked.root);
  EXPECT_EQ(ErrorOf([&] { ReadFolder(linked); }), "");
}

TEST_F(LayoutsTest, TheNameAsWrittenGoesBeforeOtherSpellings) {
  for (const char* name : {"a b.jpg", "a%20b.jpg", "\xC3\xB6.jpg", "o\xCC\x88.jpg"})
    WritePicture(root_ / name);
  WriteText(root_ / "captions.csv", "image,caption\na%20b.jpg,first\no\xCC\x88.jpg,second\n");
  EXPECT_EQ(Ids("train"), "a%20b o\xCC\x88 ");
}

// A slash in front makes no picture of train/ one of test/.
TEST_F(LayoutsTest, ASlashInMetadataIsItsFolder) {
  for (const char* name : {"train/0.jpg", "test/0.jpg", "test/1.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "test/metadata.csv", "file_name,text\n/0.jpg,two\n/1.jpg,three\n");
  WriteText(root_ / "train/metadata.csv", "file_name,text\n/0.jpg,one\n");
  EXPECT_EQ(Ids("test"), "test/0 test/1 ");
  WriteText(root_ / "train/metadata.csv", "file_name,text\n/0.jpg,one\n/1.jpg,lost\n");
  EXPECT_NE(Refusal().find("names '/1.jpg', of which there is no picture"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, NamesStayInsideTheRoot) {
  WritePicture(root_ / "0.jpg");
  WritePicture(scratch_.path() / "secret.jpg");
  const auto lines = [&](const std::string& first, const std::string& second) {
    WriteText(root_ / "captions.jsonl",
              R"({"image": ")" + first + R"(", "captions": ["a bird"], "split": "train"})" + "\n" +
                  R"({"image": ")" + second + R"(", "captions": ["a bird"], "split": "test"})");
    return Refusal();
  };
  EXPECT_NE(lines("0.jpg", "./0.jpg").find("'0' is in train and in test"), std::string::npos);
  EXPECT_NE(lines("0.jpg", "../secret.jpg").find("lies outside of"), std::string::npos);
  EXPECT_NE(lines("0.jpg", (scratch_.path() / "secret.jpg").string()).find("lies outside of"),
            std::string::npos);
}

TEST_F(LayoutsTest, Flickr8kAsItIsHandedOut) {
  for (const char* name : {"1", "2", "3", "4"})
    WritePicture(root_ / "Flicker8k_Dataset" / (std::string(name) + ".jpg"));
  const auto text = [&](const char* name, const std::string& lines) {
    WriteText(root_ / "Flickr8k_text" / name, lines);
  };
  text("Flickr8k.token.txt", "1.jpg#0\tTwo birds .\n1.jpg#1\tBirds\n2.jpg#0\ta\n3.jpg#0\tb\n4.jpg#0\tc\n");
  text("Flickr8k.lemma.token.txt", "1.jpg#0\ttwo bird .\n2.jpg#0\ta\n3.jpg#0\tb\n4.jpg#0\tc\n");
  text("ExpertAnnotations.txt", "1.jpg\t2.jpg#2\t1\t1\t1\n");
  text("CrowdFlowerAnnotations.txt", "1.jpg\t1.jpg#2\t1\t3\t0\n");
  text("readme.txt", "If you publish work, please cite\n");
  text("Flickr_8k.trainImages.txt", "1.jpg\n");
  text("Flickr_8k.devImages.txt", "2.jpg\n");
  text("Flickr_8k.testImages.txt", "3.jpg\n");
  const auto log = LogOf([&] { EXPECT_EQ(Refusal(), ""); });
  EXPECT_NE(log.find("left out 4 files that are not read"), std::string::npos) << log;
  EXPECT_EQ(Ids("train") + Ids("val") + Ids("test"),
            "Flicker8k_Dataset/1 Flicker8k_Dataset/2 Flicker8k_Dataset/3 ");
  EXPECT_EQ(ReadFolder(Options())[0].records[0].captions, (std::vector<std::string>{"Two birds .", "Birds"}));
}

TEST_F(LayoutsTest, AListThatKnowsNoPictureIsNamed) {
  for (const char* stem : {"images/a", "images/b"}) Captioned(stem);
  for (const char* separator : {" ", ",", "\t"}) {
    WriteText(root_ / "train.txt", "images/a.jpg" + std::string(separator) + "0\n");
    EXPECT_NE(Refusal().find("looks like the list of the split 'train'"), std::string::npos) << Refusal();
  }
}

TEST_F(LayoutsTest, AListOfCaptionsForEachSplit) {
  for (const char* name : {"images/0.jpg", "images/1.jpg", "images/2.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "train.txt", "0.jpg\ta bird\n0.jpg\ttwo\n1.jpg\ta bird\n");
  WriteText(root_ / "test.txt", "2.jpg\ta bird\n");
  const auto expect_splits = [&](bool captions) {
    auto options = Options();
    options.captions = captions;
    const auto splits = ReadFolder(options);
    ASSERT_EQ(splits.size(), 2u);
    EXPECT_EQ(splits[0].records.size(), 2u);
    EXPECT_EQ(splits[1].records[0].id, "images/2");
  };
  expect_splits(true);
  expect_splits(false);
  for (const char* split : {"train", "test"})
    fs::rename(root_ / (std::string(split) + ".txt"), root_ / (std::string(split) + "_captions.txt"));
  expect_splits(true);
}

TEST_F(LayoutsTest, ACaptionInListsOfListsIsRefused) {
  WritePicture(root_ / "0.jpg");
  WriteText(root_ / "captions.json",
            "{\"0.jpg\": " + std::string(200'000, '[') + "\"a\"" + std::string(200'000, ']') + "}");
  EXPECT_NE(Refusal().find("lists of lists"), std::string::npos) << Refusal().substr(0, 500);
}

TEST_F(LayoutsTest, APictureTwiceInAnObjectIsAnError) {
  for (const char* name : {"0.jpg", "1.jpg"}) WritePicture(root_ / name);
  WriteText(root_ / "captions.json", R"({"0.jpg": ["first"], "1.jpg": "one", "0.jpg": ["second"]})");
  EXPECT_NE(Refusal().find("captions.json: holds '0.jpg' twice in one object"), std::string::npos)
      << Refusal();
  WriteText(root_ / "captions.json", R"([{"image": "0.jpg", "text": "a"}, {"image": "0.jpg", "text": "b"}])");
  EXPECT_EQ(Refusal(), "");
  WriteText(root_ / "captions.json", R"([{"image": "0.jpg", "text": "a", "text": "b"}])");
  EXPECT_NE(Refusal().find("holds 'text' twice"), std::string::npos) << Refusal();
}

TEST_F(LayoutsTest, TheNameAsWrittenGoesFirst) {
  for (const char* name : {"0.jpg", "0.jpg.png"}) WritePicture(root_ / name);
  WriteText(root_ / "a.csv", "image,caption\n0.jpg,first\n0.jpg.png,second\n");
  EXPECT_EQ(Ids("train"), "0 0.jpg ");
}

TEST_F(LayoutsTest, ATableOfCaptions) {
  WritePicture(root_ / "Images/a.jpg");
  WriteText(root_ / "captions.txt", "image,caption\na.jpg,\"red, \"\"big\"\" bird\"\na.jpg,a bird\n");
  const auto splits = ReadFolder(Options());
  EXPECT_EQ(splits[0].records[0].captions, (std::vector<std::string>{"red, \"big\" bird", "a bird"}));
}

}  // namespace
}  // namespace helio::dataio
