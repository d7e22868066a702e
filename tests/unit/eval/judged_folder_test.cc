#include "src/eval/judged_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "src/base/safetensors.h"
#include "src/eval/folder_scores.h"
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

// Words and frames are no part of what was drawn.
TEST_F(JudgedFolderTest, LabelledPicturesOfOursArePassedOver) {
  const auto labelled = [&](const std::string& name) {
    WritePng(scratch_.path() / name, torch::full({64, 64, 3}, 9, torch::kUInt8), {{"caption", "a bird"}});
  };
  for (const char* name : {"a-1.png", "a-2.png", "b.png", "b-1.png"}) Write(name, 32, 10);
  labelled("a.png");
  labelled("lone.png");
  const PictureFolder folder(scratch_.path());
  EXPECT_EQ(folder.size(), 5);
  EXPECT_EQ(folder.passed_over(), "1 labelled pictures of helio-generate");
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

// A file that --real names is checked before a picture is judged: this folder has one that would be refused.
TEST_F(JudgedFolderTest, SavedFeaturesMustBeTheJudges) {
  Write("a.png", 32, 10);
  Write("dot.png", 1, 10);
  judges_.features_protocol = "this judge";
  judges_.inception_splits = 1;
  judges_.distances.fid = true;
  const ScratchFolder elsewhere("saved_features");
  const auto file = elsewhere.path() / "real.safetensors";
  const auto error = [&](const NamedTensors& saved) {
    WriteSafeTensors(file, saved, {{"judge", "this judge"}});
    return ErrorOf([&] {
      cluster::RunThreadRanks(1, [&](cluster::Communicator& communicator) {
        ScoreFolders(judges_, {.fake = scratch_.path(), .real = file, .features = {}}, communicator);
      });
    });
  };
  const auto passes = ::testing::HasSubstr("dot.png");
  const int64_t width = judges_.classifier->trunk().pooled_channels();
  const auto eye = torch::eye(width), mean = torch::zeros({width});
  EXPECT_THAT(error({{"real", torch::ones({1, width})}}), ::testing::HasSubstr("has only 1 pictures"));
  EXPECT_THAT(error({{"real", torch::randn({4, width}, torch::kFloat64)}}), passes);
  EXPECT_THAT(error({{"mu", mean}, {"sigma", eye}}), passes);
  EXPECT_THAT(error({{"mu", mean}, {"sigma", torch::ones({width, width})}}), passes) << "of one direction";
  for (const auto& other : {torch::ones({4, 5}), torch::ones({width}), torch::tensor(1.0F),
                            torch::ones({4, width}, torch::kInt64)})
    EXPECT_THAT(error({{"real", other}}), ::testing::HasSubstr("'real' does not hold floating-point"));
  EXPECT_THAT(error({{"real", torch::full({4, width}, NAN)}}), ::testing::HasSubstr("not finite"));
  EXPECT_THAT(error({{"mu", mean * NAN}, {"sigma", eye}}), ::testing::HasSubstr("'mu' has numbers"));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", eye.slice(0, 0, 4)}}), ::testing::HasSubstr("not square"));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", eye.triu() + eye.roll(1, 1)}}),
              ::testing::HasSubstr("not symmetric"));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", -eye}}), ::testing::HasSubstr("negative eigenvalues"));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", eye - torch::ones({width, width})}}),
              ::testing::HasSubstr("negative eigenvalues"));
}

TEST_F(JudgedFolderTest, WhatIsNoFolderIsNamedWithARemedy) {
  Write("a.png", 32, 10);
  judges_.inception_splits = 1;
  const auto error = [&](const std::filesystem::path& fake, const std::filesystem::path& real) {
    return ErrorOf([&] {
      cluster::RunThreadRanks(1, [&](cluster::Communicator& communicator) {
        ScoreFolders(judges_, {.fake = fake, .real = real, .features = {}}, communicator);
      });
    });
  };
  const ScratchFolder elsewhere("no_folder");
  const auto statistics = elsewhere.path() / "stats.npz";
  WriteFileAtomically(statistics, "PK");
  EXPECT_THAT(error(scratch_.path(), statistics), ::testing::HasSubstr("scripts/convert_features.py"));
  for (const auto& said : {error("nothere", {}), error(scratch_.path(), "nothere")}) {
    EXPECT_THAT(said, ::testing::HasSubstr("nothere: is not a folder"));
    EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("--root"))) << "which helio-eval does not have";
  }
}

}  // namespace
}  // namespace helio::eval
