#include "src/report/run_record.h"

#include <gtest/gtest.h>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "tests/support/scratch_folder.h"

namespace helio::report {
namespace {

class RunRecordTest : public ::testing::Test {
 protected:
  std::filesystem::path Write(const std::string& name, const std::string& content) {
    const auto file = scratch_.path() / name;
    MakeFolders(file.parent_path());
    WriteFileAtomically(file, content);
    return file;
  }
  ScratchFolder scratch_{"run_record"};
};

TEST_F(RunRecordTest, ReadsCurvesInTheOrderOfSteps) {
  Write("run/metrics.jsonl",
        "{\"step\":2,\"losses\":{\"g/kl\":4.0},\"images_per_second\":10}\n{\"step\":1,\"losses\":{\"g/"
        "kl\":8.0}}\n"
        "{\"step\":2,\"scores\":{\"inception_score\":1.5}}\n");
  const auto run = ReadRun(scratch_.path() / "run");
  ASSERT_EQ(run.losses.at("g/kl").points.size(), 2u);
  EXPECT_EQ(run.losses.at("g/kl").points[0].step, 1);
  EXPECT_EQ(run.losses.at("g/kl").points[0].value, 8.0);
  EXPECT_EQ(run.scores.at("inception_score").points[0].value, 1.5);
  EXPECT_EQ(run.speed.points[0].value, 10);
  EXPECT_EQ(run.last_step(), 2);
  EXPECT_TRUE(run.concerns.empty());
}

TEST_F(RunRecordTest, CountsWhatItLeavesOut) {
  Write("run/metrics.jsonl",
        "{\"step\":1,\"losses\":{\"g/kl\":null}}\nnonsense\n{\"step\":\"two\"}\n{\"step\":3,\"losses\":{\"g/"
        "kl\":1}}\n");
  const auto run = ReadRun(scratch_.path() / "run");
  ASSERT_EQ(run.concerns.size(), 2u);
  EXPECT_NE(run.concerns[0].find("2 damaged lines"), std::string::npos);
  EXPECT_NE(run.concerns[1].find("1 values that are not finite"), std::string::npos);
  EXPECT_EQ(run.losses.at("g/kl").points.size(), 1u);
}

TEST_F(RunRecordTest, ALineThatIsBeingWrittenIsNoDamage) {
  Write("run/metrics.jsonl", "{\"step\":1,\"losses\":{\"g/kl\":1}}\n{\"step\":2,\"lo");
  EXPECT_TRUE(ReadRun(scratch_.path() / "run").concerns.empty());
}

TEST_F(RunRecordTest, TakesEvaluationsOfTheFolderAndOfThoseInIt) {
  Write("run/metrics.jsonl", "{\"step\":1,\"losses\":{\"g/kl\":1}}\n");
  Write(
      "run/evaluation/summary.json",
      R"({"generated": {"inception_score": {"value": 3, "deviation": 0.5, "protocol": "N=10"}, "fid": {"value": null}}, "sources": {"generated": {"step": 1}}})");
  Write(
      "run/evaluation/evaluation.jsonl",
      R"({"step":1,"scores":{"inception_score":3},"deviations":{"inception_score":0.5},"protocols":{"inception_score":"N=10"}})"
      "\n");
  Write("run/evaluation/samples.png", "png");
  const auto run = ReadRun(scratch_.path() / "run");
  EXPECT_EQ(run.summary.at("generated").at("inception_score").value, 3);
  EXPECT_EQ(run.summary.at("generated").count("fid"), 0u);
  EXPECT_EQ(run.summary.size(), 1u);
  EXPECT_EQ(run.concerns.size(), 1u);
  EXPECT_EQ(run.scores.at("helio-eval: inception_score").points[0].deviation, 0.5);
  EXPECT_EQ(run.scores.at("helio-eval: inception_score").protocol, "N=10");
  ASSERT_EQ(run.pictures.size(), 1u);
  EXPECT_EQ(run.pictures[0].name, "evaluation/samples");
}

TEST_F(RunRecordTest, SeveralEvaluationsAreToldApart) {
  for (const auto& [name, score] : {std::pair{"eval-a", 5}, {"eval-b", 1}}) {
    const auto value = std::to_string(score);
    Write(std::string("run/") + name + "/summary.json",
          R"({"generated": {"inception_score": {"value": )" + value + "}}}");
    Write(std::string("run/") + name + "/evaluation.jsonl",
          R"({"step":1,"scores":{"inception_score":)" + value + "}}\n");
  }
  const auto run = ReadRun(scratch_.path() / "run");
  EXPECT_EQ(run.summary.size(), 2u);
  EXPECT_EQ(run.summary.at("eval-a/generated").at("inception_score").value, 5);
  EXPECT_EQ(run.summary.at("eval-b/generated").at("inception_score").value, 1);
  EXPECT_EQ(run.scores.at("helio-eval eval-a: inception_score").points[0].value, 5);
  EXPECT_EQ(run.scores.at("helio-eval eval-b: inception_score").points[0].value, 1);
  EXPECT_TRUE(IsOfGenerated("eval-a/generated"));
  EXPECT_FALSE(IsOfGenerated("eval-a/real"));
}

TEST_F(RunRecordTest, EachProtocolHasACurveOfItsOwn) {
  std::string lines;
  for (const auto* protocol : {"N=64", "N=3000", "N=64"})
    lines += std::string(R"({"step":1,"scores":{"fid":3},"protocols":{"fid":")") + protocol + "\"}}\n";
  Write("run/evaluation.jsonl", lines);
  const auto run = ReadRun(scratch_.path() / "run");
  EXPECT_EQ(run.scores.at("helio-eval: fid").points.size(), 2u);
  EXPECT_EQ(run.scores.at("helio-eval: fid (2)").points.size(), 1u);
  EXPECT_EQ(run.scores.at("helio-eval: fid (2)").protocol, "N=3000");
}

TEST_F(RunRecordTest, SamplesHaveTheirSteps) {
  Write("run/samples/step-0000010.png", "png");
  Write("run/samples/step-0000002.png", "png");
  const auto run = ReadRun(scratch_.path() / "run");
  ASSERT_EQ(run.samples.size(), 2u);
  EXPECT_EQ(run.samples[0].step, 2);
  EXPECT_EQ(run.samples[1].step, 10);
}

TEST_F(RunRecordTest, RefusesWhatIsNoRun) {
  Write("empty/notes.txt", "nothing");
  EXPECT_THROW(ReadRun(scratch_.path() / "empty"), Error);
  EXPECT_THROW(ReadRun(scratch_.path() / "missing"), Error);
}

TEST_F(RunRecordTest, NamesTellRunsApart) {
  for (const auto* name : {"a/run", "b/run"})
    Write(std::string(name) + "/metrics.jsonl", "{\"step\":1,\"losses\":{\"g/kl\":1}}\n");
  const auto a = (scratch_.path() / "a/run").string(), b = (scratch_.path() / "b/run").string();
  const auto runs = ReadRuns({a, b});
  EXPECT_EQ(runs[0].name, "a/run");
  EXPECT_EQ(runs[1].name, "b/run");
  EXPECT_THROW(ReadRuns({a, a + "/../run"}), Error);
}

}  // namespace
}  // namespace helio::report
