#include "src/train/checkpoint.h"

#include <gtest/gtest.h>

#include "src/base/safetensors.h"
#include "src/train/checkpoint_files.h"
#include "src/train/checkpoint_manifest.h"
#include "src/train/checkpoint_writer.h"
#include "tests/support/error_of.h"
#include "tests/unit/train/scratch.h"

namespace helio::train {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
 protected:
  std::vector<int64_t> Steps() const {
    std::vector<int64_t> steps;
    for (const auto& entry : ListCheckpoints(root_)) steps.push_back(entry.step);
    return steps;
  }

  const ScratchFolder scratch_{"checkpoint"};
  const fs::path root_ = scratch_.path();
};

TEST_F(CheckpointTest, RoundTrip) {
  WriteCheckpoint(root_, SmallSnapshot(7));
  const auto read = ReadCheckpoint(root_ / "step-0000000007");
  EXPECT_EQ(read.step, 7);
  EXPECT_EQ(read.texts.at("run.flags"), "--seed=1\n");
  EXPECT_EQ(read.info.world_size, 2);
  EXPECT_EQ(read.tensors.at("model")[0].second[2].item<float>(), 7);
}

// Others read these keys, and sums are over their order.
TEST_F(CheckpointTest, TheManifestSaysEverythingUnderItsNameAndInItsOrder) {
  CheckpointInfo info{.identity = {"--seed=1\n", "--lr=1\n", "d", "v", "f"},
                      .history = {1, 2, 3, true},
                      .world_size = 4,
                      .global_batch = 8,
                      .steps_per_epoch = 5,
                      .seed = 18446744073709551615u,
                      .version = "1",
                      .revision = "abc",
                      .weight_gradient = "taps"};
  std::string text =
      R"({"identity":"--seed=1\n","data":"d","vocabulary":"v","world_size":4,"global_batch":8,"steps_per_epoch":5,)"
      R"("seed":18446744073709551615,"frozen":"f","version":"1","revision":"abc","weight_gradient":"taps",)"
      R"("bad_steps":1,"rollbacks":2,"rollback_step":3,"evaluation_pending":1})";
  EXPECT_EQ(ToJson(info).dump(), text);
  EXPECT_EQ(ToJson(InfoFromJson(Json::parse(text), "here")).dump(), text);
  info.scores = {{"r", 0.5}};
  text.insert(text.size() - 1, R"(,"scores":{"r":0.5})");
  EXPECT_EQ(ToJson(info).dump(), text);
  EXPECT_EQ(ToJson(InfoFromJson(Json::parse(text), "here")).dump(), text);
}

TEST_F(CheckpointTest, WhatAManifestDoesNotSayIsAsIfNothingHadHappened) {
  const auto info = InfoFromJson(Json::parse(R"({"of_later":1,"seed":7})"), "here");
  EXPECT_EQ(info.seed, 7u);
  EXPECT_EQ(info.identity.data, "");
  EXPECT_EQ(info.history.rollback_step, -1);
  EXPECT_FALSE(info.history.evaluation_pending);
  EXPECT_TRUE(info.scores.is_null());
  EXPECT_THROW(InfoFromJson(Json::parse(R"({"seed":"seven"})"), "here"), Error);
  EXPECT_THROW(InfoFromJson(Json(), "here"), Error);
}

TEST_F(CheckpointTest, BytesAreThoseOnDisk) {
  uint64_t bytes = 0;
  const uint64_t written = WriteCheckpoint(root_, SmallSnapshot(7));
  for (const auto& file : fs::directory_iterator(root_ / "step-0000000007")) bytes += file.file_size();
  EXPECT_EQ(written, bytes);
}

TEST_F(CheckpointTest, TheSameStateIsTheSameBytes) {
  WriteCheckpoint(root_ / "a", SmallSnapshot(7));
  WriteCheckpoint(root_ / "b", SmallSnapshot(7));
  for (const auto& file : fs::directory_iterator(root_ / "a/step-0000000007"))
    EXPECT_EQ(ReadFile(file.path()), ReadFile(root_ / "b/step-0000000007" / file.path().filename()));
}

TEST_F(CheckpointTest, AFolderWithoutManifestIsNoCheckpoint) {
  WriteCheckpoint(root_, SmallSnapshot(1));
  fs::create_directories(root_ / "step-0000000002");
  fs::create_directories(root_ / ".step-0000000003.tmp-1");
  EXPECT_EQ(Steps(), std::vector<int64_t>{1});
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 1);
}

// Every bit of every file matters, also of the manifest.
TEST_F(CheckpointTest, DamageIsNamedAndTheOneBeforeIsUsed) {
  WriteCheckpoint(root_, SmallSnapshot(1));
  WriteCheckpoint(root_, SmallSnapshot(2));
  for (const char* name : {"model.safetensors", "run.flags", "manifest.json"}) {
    const auto file = root_ / "step-0000000002" / name;
    const std::string whole = ReadFile(file);
    for (size_t byte = 0; byte < whole.size(); ++byte) {
      std::string damaged = whole;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << byte % 8));
      std::ofstream(file, std::ios::binary) << damaged;
      const auto said = ErrorOf([&] { ReadCheckpoint(file.parent_path()); });
      EXPECT_NE(said.find(name), std::string::npos) << "a flipped bit in byte " << byte << ": " << said;
    }
    EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 1);
    std::ofstream(file, std::ios::binary) << whole;
  }
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 2);
}

TEST_F(CheckpointTest, EveryTruncationIsSeen) {
  WriteCheckpoint(root_, SmallSnapshot(2));
  for (const auto& file : fs::directory_iterator(root_ / "step-0000000002")) {
    const std::string whole = ReadFile(file.path());
    for (size_t size = 0; size < whole.size(); ++size) {
      std::ofstream(file.path(), std::ios::binary) << whole.substr(0, size);
      const auto said = ErrorOf([&] { ReadCheckpoint(root_ / "step-0000000002"); });
      EXPECT_NE(said.find(file.path().filename().string()), std::string::npos)
          << file.path() << " cut to " << size << ": " << said;
    }
    std::ofstream(file.path(), std::ios::binary) << whole;
  }
}

TEST_F(CheckpointTest, EveryTensorFileSaysWhereItBelongs) {
  auto snapshot = SmallSnapshot(7);
  snapshot.info.identity.flags = "--recipe=toy\n--seed=1\n";
  WriteCheckpoint(root_, snapshot);
  const auto own = ReadSafeTensors(root_ / "step-0000000007/model.safetensors").metadata;
  EXPECT_EQ(own.at("format"), "heliograph checkpoint 2");
  EXPECT_EQ(own.at("recipe"), "toy");
  EXPECT_EQ(own.at("step"), "7");
  EXPECT_EQ(own.at("part"), "model");
  EXPECT_EQ(own.at("run").size(), 12u);
}

std::string ErrorOfReading(const fs::path& folder) {
  return ErrorOf([&] { ReadCheckpoint(folder); });
}

TEST_F(CheckpointTest, AFileOfAnotherStepRunOrPartIsNamed) {
  auto other = SmallSnapshot(2);
  other.info.identity.flags = "--recipe=toy\n--seed=2\n";
  other.tensors["average"] = other.tensors["model"];
  WriteCheckpoint(root_ / "other", other);
  auto snapshot = SmallSnapshot(2);
  snapshot.tensors["average"] = snapshot.tensors["model"];
  WriteCheckpoint(root_, SmallSnapshot(1));
  WriteCheckpoint(root_, snapshot);
  const auto folder = root_ / "step-0000000002", file = folder / "model.safetensors";
  const std::string whole = ReadFile(file);
  const auto in_its_place = [&](const fs::path& from) {
    std::ofstream(file, std::ios::binary) << ReadFile(from);
    const auto said = ErrorOfReading(folder);
    std::ofstream(file, std::ios::binary) << whole;
    return said;
  };
  EXPECT_NE(in_its_place(root_ / "step-0000000001/model.safetensors").find("is part 'model' of step 1"),
            std::string::npos);
  EXPECT_NE(in_its_place(root_ / "other/step-0000000002/model.safetensors").find("of run"),
            std::string::npos);
  EXPECT_NE(in_its_place(folder / "average.safetensors").find("is part 'average'"), std::string::npos);
  EXPECT_EQ(ErrorOfReading(folder), "");
}

TEST_F(CheckpointTest, ACheckpointUnderAnothersNameIsRefused) {
  WriteCheckpoint(root_, SmallSnapshot(1));
  fs::rename(root_ / "step-0000000001", root_ / "step-0000000009");
  EXPECT_NE(ErrorOfReading(root_ / "step-0000000009").find("is of step 1"), std::string::npos);
}

TEST_F(CheckpointTest, ManifestMayNotPointOutside) {
  WriteCheckpoint(root_, SmallSnapshot(1));
  const auto folder = root_ / "step-0000000001";
  for (const char* name : {"../../etc/passwd", "/etc/passwd", "..", ""}) {
    auto manifest = ReadManifest(folder);
    manifest["files"][name] = {{"bytes", 1}, {"xxh3_128", ""}};
    WriteFileAtomically(folder / kManifestName, SealManifest(manifest));
    EXPECT_NE(ErrorOfReading(folder).find("names an impossible file"), std::string::npos) << name;
  }
}

TEST_F(CheckpointTest, AnotherVersionIsRefusedAndTheFirstOneIsRead) {
  WriteCheckpoint(root_, SmallSnapshot(1));
  const auto folder = root_ / "step-0000000001";
  auto manifest = ReadManifest(folder);
  manifest.erase("checksum");
  manifest["format_version"] = 1;
  WriteFileAtomically(folder / kManifestName, manifest.dump(1));
  EXPECT_EQ(ReadCheckpoint(folder).step, 1);
  manifest["format_version"] = 3;
  WriteFileAtomically(folder / kManifestName, manifest.dump(1));
  EXPECT_NE(ErrorOfReading(folder).find("format version 3 is not supported"), std::string::npos);
}

TEST_F(CheckpointTest, TheSameStepIsReplacedAndNothingIsLeft) {
  auto snapshot = SmallSnapshot(1);
  WriteCheckpoint(root_, snapshot);
  snapshot.texts["run.flags"] = "--seed=2\n";
  WriteCheckpoint(root_, snapshot);
  EXPECT_EQ(ReadCheckpoint(root_ / "step-0000000001").texts.at("run.flags"), "--seed=2\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(CheckpointTest, LeftoversOfKilledWritersGoAndOthersFilesStay) {
  for (const char* name : {".step-0000000001.tmp-77", ".step-0000000002.old-5", "step-0000000002",
                           ".step-0000000003.bin-5", ".mine", "notes"})
    fs::create_directories(root_ / name / "x");
  RemoveLeftovers(root_);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 3);
  EXPECT_TRUE(fs::exists(root_ / ".mine/x") && fs::exists(root_ / "notes/x"));
}

// Where two folders cannot change places in one instant the old one is moved away first.
TEST_F(CheckpointTest, AWholeOneThatWasMovedAwayComesBack) {
  WriteCheckpoint(root_, SmallSnapshot(7));
  fs::rename(root_ / "step-0000000007", root_ / ".step-0000000007.old-5");
  RemoveLeftovers(root_);
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 7);
}

TEST_F(CheckpointTest, CheckpointsOfAnotherPastAreSetAsideNotDeleted) {
  for (int round = 0; round < 2; ++round) {
    for (int64_t step : {10, 20, 30}) WriteCheckpoint(root_, SmallSnapshot(step));
    SetAsideAfter(root_, 10);
    EXPECT_EQ(Steps(), std::vector<int64_t>{10});
  }
  EXPECT_EQ(ReadCheckpoint(root_ / "set-aside/step-0000000030-2").step, 30);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "set-aside"), {}), 4);
}

TEST_F(CheckpointTest, AFolderThatCannotBeReadIsNotAnEmptyOne) {
  EXPECT_TRUE(ListCheckpoints(root_ / "absent").empty());
  const auto link = root_ / "link";
  fs::create_symlink("/nowhere/at/all", link);  // to a volume that is not mounted
  const auto error = ErrorIn([&] { ListCheckpoints(link); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kSystem);
  EXPECT_NE(std::string(error->what()).find("is its volume mounted"), std::string::npos) << error->what();
}

TEST_F(CheckpointTest, OneThatCannotBeReadJustNowIsNotPassedOver) {
  for (int64_t step : {10, 20}) WriteCheckpoint(root_, SmallSnapshot(step));
  const auto manifest = root_ / "step-0000000020" / kManifestName;
  fs::rename(manifest, root_ / "kept");
  fs::create_directory(manifest);  // stands for any reason that is no damage
  const auto error = ErrorIn([&] { ReadNewestCheckpoint(root_); });
  ASSERT_TRUE(error);
  EXPECT_NE(error->kind(), ErrorKind::kData);
}

// A link to itself stands for a server that does not say whether the newest one is there.
TEST_F(CheckpointTest, OneThatCannotBeLookedAtJustNowIsNotPassedOver) {
  WriteCheckpoint(root_, SmallSnapshot(10));
  fs::create_symlink("step-0000000020", root_ / "step-0000000020");
  EXPECT_NE(ErrorOf([&] { ReadNewestCheckpoint(root_); }), "");
  EXPECT_NE(ErrorOf([&] { SetAsideAfter(root_, 0); }), "");
  CheckpointWriter writer(root_, {.keep_last = 1});
  writer.Save(SmallSnapshot(30));
  writer.Flush();
  EXPECT_EQ(writer.TakeOutcome()->error, "");  // the new one is whole
}

TEST_F(CheckpointTest, RetentionKeepsTheLastTheMilestonesAndTheBest) {
  CheckpointWriter writer(root_, {.keep_last = 2, .keep_every = 40, .keep_best = "r"});
  for (int64_t step = 10; step <= 90; step += 10) {
    writer.Save(SmallSnapshot(step, {{"r", step == 30 ? 5.0 : 1.0}}));
    writer.Flush();
    EXPECT_EQ(writer.TakeOutcome()->error, "");
  }
  EXPECT_EQ(Steps(), (std::vector<int64_t>{90, 80, 40, 30}));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 4);
}

TEST_F(CheckpointTest, AWayBackFromBadStepsStays) {
  CheckpointWriter writer(root_, {.keep_last = 1});
  const auto save = [&](int64_t step, int bad_steps) {
    auto snapshot = SmallSnapshot(step);
    snapshot.info.history.bad_steps = bad_steps;
    writer.Save(std::move(snapshot));
    writer.Flush();
  };
  for (const int64_t step : {10, 20}) save(step, 0);
  for (const int64_t step : {23, 24}) save(step, 2);
  EXPECT_EQ(Steps(), (std::vector<int64_t>{24, 20}));
  save(30, 0);
  EXPECT_EQ(Steps(), std::vector<int64_t>{30});
}

TEST_F(CheckpointTest, TheBestMayBeTheLowestAndNeedsAScore) {
  for (int64_t step : {10, 20, 30, 40, 50})
    WriteCheckpoint(root_, step == 10 ? SmallSnapshot(step)
                                      : SmallSnapshot(step, {{"fid", step == 20 ? 3.0 : 8.0}, {"nan", NAN}}));
  const auto kept = [&](const std::string& best) {
    std::set<int64_t> steps{10, 20, 30, 40, 50};
    for (const auto& entry : GivenUp(ListCheckpoints(root_), {.keep_last = 1, .keep_best = best}))
      steps.erase(entry.step);
    return steps;
  };
  EXPECT_EQ(kept("-fid"), (std::set<int64_t>{20, 50}));
  EXPECT_EQ(kept("fid"), (std::set<int64_t>{30, 50}));  // the first of equals
  EXPECT_EQ(kept("nan"), (std::set<int64_t>{50}));
  EXPECT_EQ(kept("other"), (std::set<int64_t>{50}));
  EXPECT_EQ(kept(""), (std::set<int64_t>{50}));
}

TEST_F(CheckpointTest, WhatMustBeOnTheDiskFirstIsBroughtThereFirst) {
  std::vector<size_t> visible;
  bool fails = false;
  CheckpointWriter writer(root_, {}, [&] {
    visible.push_back(ListCheckpoints(root_).size());
    if (fails) ThrowUser("is full", "disk");
  });
  writer.Save(SmallSnapshot(1));
  writer.Flush();
  fails = true;
  writer.Save(SmallSnapshot(2));
  writer.Flush();
  EXPECT_EQ(visible, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(writer.TakeOutcome()->error, "");
  EXPECT_NE(writer.TakeOutcome()->error, "");
  EXPECT_EQ(ReadNewestCheckpoint(root_)->step, 1);
}

TEST_F(CheckpointTest, AWriteThatFailsIsReportedAndLosesNothing) {
  const auto root = root_ / "checkpoints", away = root_ / "away";
  CheckpointWriter writer(root, {});
  WriteCheckpoint(root, SmallSnapshot(1));
  fs::rename(root, away);
  std::ofstream(root) << "a file where the folder was";
  writer.Save(SmallSnapshot(2));
  writer.Flush();
  EXPECT_NE(writer.TakeOutcome()->error, "");
  EXPECT_EQ(ReadNewestCheckpoint(away)->step, 1);
}

TEST_F(CheckpointTest, APlaceThatCannotBeWrittenToIsRefusedAtTheStart) {
  std::ofstream(root_ / "file") << "no folder";
  EXPECT_NE(ErrorOf([&] { const CheckpointWriter writer(root_ / "file", {}); }), "");
}

}  // namespace
}  // namespace helio::train
