#include "src/app/training_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataio/embeddings.h"
#include "src/base/file_system.h"
#include "tests/unit/dataio/small_set.h"

namespace helio::app {
namespace {

using ::testing::HasSubstr;

class HeldOutEmbeddings : public testing::Test {
 protected:
  HeldOutEmbeddings() {
    dataio::PackDataset(
        {dataio::SmallSplit(scratch_.path(), "train", 6), dataio::SmallSplit(scratch_.path(), "test", 4)},
        dataio::SmallOptions(root_));
  }

  // The file that it wrote.
  std::filesystem::path Embed(const char* split, const std::string& encoder) const {
    const dataio::Dataset set(root_, split);
    dataio::WriteEmbeddings(set, torch::ones({set.captions(), 2}),
                            {.protocol = "by " + encoder, .encoder = encoder});
    return dataio::Embeddings::FileOf(set);
  }

  // What a system that reads embeddings, or none, hears of them at its start.
  std::string Problem(int64_t embeddings = 1) const {
    const std::map<std::string, std::string> folders{{"data", root_.string()}};
    const TrainingData data(folders);
    return ErrorOf([&] { data.CheckHeldOut({{.sides = {16}, .embeddings = embeddings}}); });
  }

  const ScratchFolder scratch_{"held_out_embeddings"};
  const std::filesystem::path root_ = scratch_.path() / "packed";
};

TEST_F(HeldOutEmbeddings, AreOfTheEncoderThatTheTrainingRowsHave) {
  EXPECT_EQ(Problem(0), "");
  Embed("train", "one");
  EXPECT_THAT(Problem(), HasSubstr("embeddings.test.safetensors: is missing"));
  Embed("test", "another");
  EXPECT_THAT(Problem(), HasSubstr("by one (train), by another (test)"));
  Embed("test", "one");
  EXPECT_EQ(Problem(), "");
}

// Whatever the cadence: the pictures after the last step are of them.
TEST_F(HeldOutEmbeddings, WithAFlippedBitAreFoundAtTheStart) {
  Embed("train", "one");
  const auto file = Embed("test", "one");
  auto bytes = ReadFile(file);
  bytes.back() ^= 1;
  WriteFileAtomically(file, bytes);
  EXPECT_THAT(Problem(), HasSubstr("embeddings.test.safetensors: digest differs"));
}

}  // namespace
}  // namespace helio::app
