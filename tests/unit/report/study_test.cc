#include "src/report/study.h"

#include <gtest/gtest.h>

#include <span>

#include "src/base/checksum.h"
#include "src/base/file_system.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio::report {
namespace {

const std::string kPng = "\x89PNG\r\n\x1a\n";

class StudyTest : public ::testing::Test {
 protected:
  // What a run drew: one picture of "a bird", of whose manifest's line `line` is the rest.
  std::string Draw(const std::string& run, const std::string& line, const std::string& file = "p.png") {
    const auto folder = scratch_.path() / run;
    MakeFolders(folder);
    WriteFileAtomically(folder / "p.png", kPng + run);
    WriteFileAtomically(folder / "p.jsonl",
                        R"({"file":")" + file + R"(","kind":"picture","caption":"a bird",)" + line + "}\n");
    return folder.string();
  }
  // What ReadStudy says against `folders`.
  static std::string Refusal(const std::vector<std::string>& folders) {
    return ErrorOf([&] { ReadStudy(folders, 100); });
  }
  ScratchFolder scratch_{"study"};
};

TEST_F(StudyTest, GroupsAreOfOneCaptionSeedAndNumber) {
  const auto a = Draw("a", R"("seed":3,"noise":1)"), b = Draw("b", R"("seed":3,"noise":1)");
  const auto study = ReadStudy({a, b}, 100);
  ASSERT_EQ(study.groups.size(), 1u);
  EXPECT_EQ(study.groups[0].seed, 3);
  EXPECT_EQ(study.groups[0].files.size(), 2u);
  for (const auto* other : {R"("seed":4,"noise":1)", R"("seed":3,"noise":2)", R"("noise":1)"})
    EXPECT_NE(Refusal({a, Draw("c", other)}).find("noise of the same seed and number"), std::string::npos)
        << other;
  EXPECT_EQ(Refusal({Draw("d", R"("noise":1)"), Draw("e", R"("seed":0,"noise":1)")}), "");
}

TEST_F(StudyTest, OnlyPicturesBesideTheManifestAreShown) {
  const auto good = Draw("good", R"("noise":1)");
  WriteFileAtomically(scratch_.path() / "outside.png", kPng);
  MakeFolders(scratch_.path() / "bad");
  WriteFileAtomically(scratch_.path() / "bad" / "text.png", "no picture");
  for (const auto* file : {"/etc/hostname", "../outside.png", "..", "", "text.png", "gone.png"}) {
    const auto said = Refusal({good, Draw("bad", R"("noise":1)", file)});
    EXPECT_NE(said.find("p.jsonl, line 1: names '" + std::string(file) + "', which is no PNG"),
              std::string::npos)
        << said;
  }
}

TEST_F(StudyTest, APageIsKnownByItsPictures) {
  const auto a = Draw("a", R"("noise":1)"), b = Draw("b", R"("noise":1)");
  const auto page = StudyPage(ReadStudy({a, b}, 100));
  const auto text = kPng + "a" + kPng + "b";
  const auto id = Digest(std::as_bytes(std::span(text)));
  EXPECT_NE(page.find(R"("study_id":")" + id + '"'), std::string::npos);
}

}  // namespace
}  // namespace helio::report
