#include "src/train/checkpoint.h"

#include <gtest/gtest.h>

#include "src/train/checkpoint_writer.h"
#include "src/train/run_directory.h"

namespace helio::train {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("helio_checkpoint_" + std::to_string(::getpid()));
  }
  void TearDown() override { fs::remove_all(root_); }

  static Snapshot Make(int64_t step, double score = 0) {
    Snapshot snapshot;
    snapshot.step = step;
    snapshot.tensors["model"] = {{"w", torch::full({4}, static_cast<double>(step))},
                                 {"n", torch::tensor(step)}};
    snapshot.texts["run.flags"] = "--seed=1\n";
    snapshot.info = {{"world_size", 2}, {"score", score}};
    return snapshot;
  }

  fs::path root_;
};

TEST_F(CheckpointTest, RoundTrip) {
  const auto entry = WriteCheckpoint(root_, Make(7));
  const auto read = ReadCheckpoint(entry.path);
  EXPECT_EQ(read.step, 7);
  EXPECT_EQ(read.texts.at("run.flags"), "--seed=1\n");
  EXPECT_EQ(read.info.at("world_size"), 2);
  EXPECT_EQ(read.tensors.at("model")[0].second[2].item<float>(), 7);
}

TEST_F(CheckpointTest, AFolderWithoutManifestIsNoCheckpoint) {
  WriteCheckpoint(root_, Make(1));
  fs::create_directories(root_ / "step-0000000002");
  fs::create_directories(root_ / ".step-0000000003.tmp-1");
  ASSERT_EQ(ListCheckpoints(root_).size(), 1u);
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 1);
}

TEST_F(CheckpointTest, DamageIsNamedAndTheOneBeforeIsUsed) {
  WriteCheckpoint(root_, Make(1));
  const auto newest = WriteCheckpoint(root_, Make(2)).path / "model.safetensors";
  const std::string whole = ReadFile(newest);
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    std::string damaged = whole;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 4);
    std::ofstream(newest, std::ios::binary) << damaged;
    try {
      ReadCheckpoint(newest.parent_path());
      ADD_FAILURE() << "flipped bit in byte " << byte << " went unseen";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("model.safetensors"), std::string::npos);
    }
  }
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 1);
}

TEST_F(CheckpointTest, ManifestMayNotPointOutside) {
  const auto entry = WriteCheckpoint(root_, Make(1));
  auto manifest = ReadJson(entry.path / "manifest.json");
  manifest["files"]["../../etc/passwd"] = {{"bytes", 1}, {"xxh3_128", ""}};
  WriteFileAtomically(entry.path / "manifest.json", manifest.dump());
  EXPECT_THROW(ReadCheckpoint(entry.path), Error);
}

TEST_F(CheckpointTest, RetentionKeepsTheLastTheMilestonesAndTheBest) {
  CheckpointWriter writer(root_, {.keep_last = 2, .keep_every = 40});
  for (int64_t step = 10; step <= 90; step += 10) {
    writer.Save(Make(step, step == 30 ? 5.0 : 1.0));
    writer.Flush();
    EXPECT_EQ(writer.TakeOutcome()->error, "");
  }
  std::vector<int64_t> steps;
  for (const auto& entry : ListCheckpoints(root_)) steps.push_back(entry.step);
  EXPECT_EQ(steps, (std::vector<int64_t>{90, 80, 40, 30}));
}

TEST_F(CheckpointTest, AWriteThatFailsIsReportedAndLosesNothing) {
  WriteCheckpoint(root_, Make(1));
  CheckpointWriter writer(root_ / "step-0000000001" / "manifest.json",
                          {});  // a file where the root should be
  writer.Save(Make(2));
  writer.Flush();
  EXPECT_NE(writer.TakeOutcome()->error, "");
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 1);
}

TEST_F(CheckpointTest, ASecondJobIsRefused) {
  const RunDirectory first(root_);
  try {
    const RunDirectory second(root_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another job"), std::string::npos);
  }
}

TEST_F(CheckpointTest, MetricsRewindDropsLaterAndTornLines) {
  RunDirectory run(root_);
  for (int step : {1, 2, 3}) run.AppendMetrics({{"step", step}});
  std::ofstream(root_ / "metrics.jsonl", std::ios::app) << "{\"step\": 4, \"lo";
  run.RewindMetrics(2);
  run.AppendMetrics({{"step", 3}, {"again", true}});
  EXPECT_EQ(ReadFile(root_ / "metrics.jsonl"), "{\"step\":1}\n{\"step\":2}\n{\"step\":3,\"again\":true}\n");
}

}  // namespace
}  // namespace helio::train
