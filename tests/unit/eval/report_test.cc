#include "src/eval/report.h"

#include "src/base/safetensors.h"
#include "src/eval/inception_score.h"
#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

class Report : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("helio_report_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  const std::vector<Score> scores_{{"inception_score", 4.25, 0.5, "N=600 splits=10"},
                                   {"fid", 12, 0, "N=600"}};
};

TEST_F(Report, AppendsALineAnEvaluation) {
  AppendScores(folder_ / "metrics.jsonl", 100, scores_);
  AppendScores(folder_ / "metrics.jsonl", 200, scores_);
  std::istringstream lines(ReadFile(folder_ / "metrics.jsonl"));
  std::vector<Json> read;
  for (std::string line; std::getline(lines, line);) read.push_back(ParseJson(line, "line"));
  ASSERT_EQ(read.size(), 2);
  EXPECT_EQ(read[1]["step"], 200);
  EXPECT_EQ(read[1]["scores"]["inception_score"], 4.25);
  EXPECT_EQ(read[1]["deviations"]["inception_score"], 0.5);
  EXPECT_EQ(read[1]["protocols"]["inception_score"], "N=600 splits=10");
}

TEST_F(Report, SummaryKeepsOtherSections) {
  UpdateSummary(folder_ / "summary.json", {{"generated", scores_, {{"step", 5}}}});
  UpdateSummary(folder_ / "summary.json", {{"real", {{"fid", 1, 0, ""}}, {{"data", "birds"}}}});
  const Json summary = ReadJson(folder_ / "summary.json");
  EXPECT_EQ(summary["generated"]["inception_score"]["value"], 4.25);
  EXPECT_EQ(summary["real"]["fid"]["value"], 1);
  EXPECT_EQ(summary["sources"]["generated"]["step"], 5);
  EXPECT_EQ(summary["sources"]["real"]["data"], "birds");
}

TEST_F(Report, SummaryKeepsNoScoreOfAnEarlierEvaluation) {
  UpdateSummary(folder_ / "summary.json",
                {{"generated", scores_, {{"step", 5}}}, {"real", scores_, {{"data", "birds"}}}});
  UpdateSummary(folder_ / "summary.json",
                {{"generated", {{"fid", 3, 0, ""}}, {{"folder", "theirs"}}}, {"real", {}, {{"folder", ""}}}});
  const Json summary = ReadJson(folder_ / "summary.json");
  EXPECT_EQ(summary["generated"].size(), 1u);
  EXPECT_EQ(summary["generated"]["fid"]["value"], 3);
  EXPECT_EQ(summary["sources"]["generated"], (Json{{"folder", "theirs"}}));
  EXPECT_FALSE(summary.contains("real"));
  EXPECT_FALSE(summary["sources"].contains("real"));
}

TEST_F(Report, PlacesAreCheckedBeforePicturesAreJudged) {
  CheckReportPlaces(folder_ / "new", folder_ / "missing/x.safetensors");
  WriteFeatures(folder_ / "missing/x.safetensors", {"a judge", "drawn ones", ""},
                {{"drawn", torch::ones({1})}});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new/summary.json"));
  EXPECT_THROW(CheckReportPlaces(folder_, folder_ / "missing"), Error) << "a folder";
  EXPECT_THROW(CheckReportPlaces(folder_ / "missing/x.safetensors", ""), Error) << "below a file";
  WriteFileAtomically(folder_ / "summary.json", "[1]");
  EXPECT_THROW(CheckReportPlaces(folder_, ""), Error) << "of other hands";
}

TEST_F(Report, WritesOfAFolderWhoseNameIsNoUtf8) {
  const std::vector<Score> scores{{"fid", 12, 0, "pictures of caf\xE9"}};
  UpdateSummary(folder_ / "summary.json", {{"generated", scores, {{"folder", "caf\xE9"}}}});
  AppendScores(folder_ / "evaluation.jsonl", 1, scores);
  EXPECT_EQ(ReadJson(folder_ / "summary.json")["sources"]["generated"]["folder"], "caf\xEF\xBF\xBD");
  EXPECT_EQ(ReadJson(folder_ / "evaluation.jsonl")["scores"]["fid"], 12);
}

TEST_F(Report, RefusesADamagedSummary) {
  WriteFileAtomically(folder_ / "summary.json", "[1]");
  EXPECT_THROW(UpdateSummary(folder_ / "summary.json", {{"real", scores_, {}}}), Error);
}

TEST_F(Report, ScoresCanBeFinishedFromAFile) {
  InceptionScore evaluator("inception_score", [](const torch::Tensor& x) { return x.softmax(1); });
  evaluator.Consume(RandomSamples(60, 5, 5, 1));
  const auto merged = MergePartials({evaluator.Partial()});
  WriteFeatures(folder_ / "is.safetensors", {"a judge", "drawn ones", ""}, merged);
  EXPECT_EQ(evaluator.Finish(ReadSafeTensors(folder_ / "is.safetensors").tensors)[0].value,
            evaluator.Finish(merged)[0].value);
}

}  // namespace
}  // namespace helio::eval
