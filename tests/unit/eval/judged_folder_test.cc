#include "src/eval/judged_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "src/eval/png_writer.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio::eval {
namespace {

// A folder of grey pictures, judged by a small classifier with random weights.
class JudgedFolderTest : public ::testing::Test {
 protected:
  JudgedFolderTest() {
    judges_.classifier = nn::Classifier(nn::MakeImageTrunk("small", "--image_trunk"), 3);
    judges_.classifier->eval();
  }

  void Write(const std::string& name, int64_t side, int64_t grey) const {
    WritePng(scratch_.path() / name, torch::full({side, side, 3}, grey, torch::kUInt8));
  }

  NamedTensors Judge(int ranks = 1) const {
    NamedTensors rows;
    cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
      auto own = JudgeFolder(PictureFolder(scratch_.path()), judges_, {}, communicator);
      if (communicator.rank() == 0) rows = std::move(own);
    });
    return rows;
  }

  torch::Tensor Checksums(int ranks = 1) const { return FindTensor(Judge(ranks), "checksums", "test"); }

  ScratchFolder scratch_{"judged_folder"};
  Judges judges_;
};

TEST_F(JudgedFolderTest, CopiesAreCounted) {
  Write("a.png", 32, 10);
  Write("b.png", 32, 20);
  EXPECT_EQ(Repeated(Checksums()), 0);
  Write("c.png", 48, 10);
  Write("d.png", 32, 10);
  Write("e.png", 32, 10);
  EXPECT_EQ(Repeated(Checksums()), 2);
}

TEST_F(JudgedFolderTest, ADigestIsOfTheContents) {
  Write("a.png", 32, 10);
  Write("b.png", 32, 20);
  const auto digest = FolderDigest(Checksums());
  EXPECT_EQ(digest.size(), 12u);
  EXPECT_EQ(FolderDigest(Checksums(2)), digest) << "from any number of ranks";
  std::filesystem::rename(scratch_.path() / "b.png", scratch_.path() / "z.png");
  EXPECT_EQ(FolderDigest(Checksums()), digest) << "names are not judged";
  Write("z.png", 32, 21);
  EXPECT_NE(FolderDigest(Checksums()), digest);
}

TEST_F(JudgedFolderTest, APictureThatIsTooSmallIsNamed) {
  Write("a.png", 16, 10);
  EXPECT_EQ(Judge().size(), 4u);
  Write("dot.png", 1, 10);
  EXPECT_THAT(ErrorOf([&] { Judge(); }),
              ::testing::HasSubstr("dot.png: is of 1 x 1 pixels, the judge needs 16 a side"));
}

}  // namespace
}  // namespace helio::eval
