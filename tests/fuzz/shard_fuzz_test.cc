#include <gtest/gtest.h>

#include <fstream>

#include "dataio/dataset.h"
#include "src/base/file_system.h"
#include "tests/fuzz/mutation.h"
#include "tests/unit/dataio/small_set.h"

// Damaged shards: nothing crashes, and what a checksum covers is never accepted.
namespace helio::dataio {
namespace {

namespace fs = std::filesystem;

class ShardFuzzTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = PackSmallSet(scratch_.path(), 3);
    shard_ = root_ / "train-00000-of-00001.h5";
    whole_ = ReadFile(shard_);
  }
  void Put(const std::string& bytes) const { std::ofstream(shard_, std::ios::binary) << bytes; }

  const ScratchFolder scratch_{"shard_fuzz"};
  fs::path root_, shard_;
  std::string whole_;
};

// Any damage, also several at once: the seal or a picture's checksum tells.
TEST_F(ShardFuzzTest, AloneItIsNeverAccepted) {
  for (int64_t run = 0; run < fuzz::Runs(); ++run) {
    Put(fuzz::Damaged(whole_, RandomKey(1, "shard", {run})));
    ASSERT_TRUE(fuzz::Refused([&] { ReadAll(Shard(shard_, 100)); })) << "run " << run;
  }
}

// One byte replaced or the end cut off: every byte lies under the index digest or a picture's checksum.
TEST_F(ShardFuzzTest, InASetNoDamageIsAccepted) {
  for (int64_t run = 0; run < fuzz::Runs(); ++run) {
    Put(fuzz::ByteOrEnd(whole_, RandomKey(2, "shard", {run})));
    ASSERT_TRUE(fuzz::Refused([&] {
      const Dataset set(root_, "train");
      for (int64_t row = 0; row < set.size(); ++row) set.Picture(row);
    })) << "run "
        << run;
  }
}

TEST_F(ShardFuzzTest, ADamagedManifestIsRefusedOrRead) {
  const std::string manifest = ReadFile(root_ / "manifest.json");
  for (int64_t run = 0; run < fuzz::Runs(); ++run) {
    WriteText(root_ / "manifest.json", fuzz::Damaged(manifest, RandomKey(3, "manifest", {run})));
    fuzz::Refused([&] { Dataset(root_, "train").Picture(0); });
  }
}

}  // namespace
}  // namespace helio::dataio
