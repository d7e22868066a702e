#include <gtest/gtest.h>

#include <fstream>

#include "src/base/file_system.h"
#include "src/base/safetensors.h"
#include "src/train/checkpoint.h"
#include "tests/fuzz/mutation.h"
#include "tests/unit/train/scratch.h"

// Damaged checkpoints and safetensors files.
namespace helio::train {
namespace {

namespace fs = std::filesystem;

class CheckpointFuzzTest : public testing::Test {
 protected:
  const ScratchFolder scratch_{"checkpoint_fuzz"};
  const fs::path root_ = scratch_.path();
};

// Any damage to any file of a checkpoint is seen.
TEST_F(CheckpointFuzzTest, NoDamagedCheckpointIsRead) {
  WriteCheckpoint(root_, SmallSnapshot(2));
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(root_ / "step-0000000002")) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  for (int64_t run = 0; run < fuzz::Runs(); ++run) {
    const auto& file = files[static_cast<size_t>(run) % files.size()];
    const std::string whole = ReadFile(file);
    std::ofstream(file, std::ios::binary) << fuzz::Damaged(whole, RandomKey(1, "checkpoint", {run}));
    ASSERT_TRUE(fuzz::Refused([&] { ReadCheckpoint(root_ / "step-0000000002"); })) << file << ", run " << run;
    std::ofstream(file, std::ios::binary) << whole;
  }
}

double Sum(const SafeTensors& file) {
  double sum = 0;
  for (const auto& [name, tensor] : file.tensors) sum += tensor.to(torch::kFloat64).sum().item<double>();
  return sum;
}

// A lone safetensors file has no checksum: it is refused, or read without touching a byte outside it.
TEST_F(CheckpointFuzzTest, ADamagedSafetensorsFileIsRefusedOrRead) {
  const auto path = root_ / "a.safetensors";
  WriteSafeTensors(path,
                   {{"weight", torch::arange(6, torch::kFloat32).view({2, 3})},
                    {"bias", torch::ones({3}, torch::kBFloat16)},
                    {"steps", torch::tensor({7}, torch::kInt64)}},
                   {{"author", "heliograph"}});
  const std::string whole = ReadFile(path);
  for (int64_t run = 0; run < fuzz::Runs(); ++run) {
    std::ofstream(path, std::ios::binary) << fuzz::Damaged(whole, RandomKey(2, "safetensors", {run}));
    fuzz::Refused([&] { Sum(ReadSafeTensors(path)); });
  }
}

}  // namespace
}  // namespace helio::train
