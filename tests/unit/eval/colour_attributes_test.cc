#include "src/eval/colour_attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataio/synth/drawn_set.h"
#include "src/base/file_system.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace helio::eval {
namespace {

class Attributes : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ =
        std::filesystem::temp_directory_path() / ("helio_attributes_" + std::to_string(::getpid()) + ".json");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  ColourAttributes Read(const std::string& images) {
    WriteFileAtomically(path_, R"({"parts": ["head", "wing"], "colours": ["red", "blue"],
                                   "words": {"red": 0, "crimson": 0, "blue": 1}, "images": )" +
                                   images + "}");
    return ColourAttributes(path_);
  }

  void ExpectRefused(const std::string& images, const std::string& message) {
    const auto said = ErrorOf([&] { Read(images); });
    EXPECT_THAT(said, ::testing::HasSubstr(message)) << images;
    EXPECT_THAT(said, ::testing::HasSubstr(path_.string()));
  }

  std::filesystem::path path_;
};

TEST_F(Attributes, AreReadAsWritten) {
  const auto attributes = Read(R"({"001.x/bird_1": {"colours": [0, 1], "asked": [[-1, 1], [0, 1]]}})");
  EXPECT_TRUE(torch::equal(attributes.Colours("001.x/bird_1"), torch::tensor({int64_t{0}, int64_t{1}})));
  EXPECT_TRUE(torch::equal(attributes.Asked("001.x/bird_1", 0), torch::tensor({int64_t{-1}, int64_t{1}})));
  EXPECT_EQ(attributes.ColourOf("crimson"), 0);
  EXPECT_TRUE(torch::equal(attributes.ColourOfWords({"<end>", "blue", "crimson"}),
                           torch::tensor({int64_t{-1}, int64_t{1}, int64_t{0}})));
}

TEST_F(Attributes, UnknownPicturesAndCaptionsAreErrors) {
  const auto attributes = Read(R"({"a": {"colours": [0, 1], "asked": [[0, 1]]}})");
  EXPECT_THROW(attributes.Colours("b"), Error);
  EXPECT_THROW(attributes.Asked("a", 1), Error);
}

TEST_F(Attributes, DamageIsNamed) {
  ExpectRefused(R"({"a": {"colours": [0], "asked": []}})", "2 colours");
  ExpectRefused(R"({"a": {"colours": [0, 2], "asked": []}})", "has a colour that is none");
  ExpectRefused(R"({"a": {"colours": [0, "red"], "asked": []}})", "has a colour that is none");
  ExpectRefused(R"({"a": {"asked": []}})", "colours");
  ExpectRefused(R"({"a": {"colours": [0, -1], "asked": []}})", "has a colour that is none");
}

TEST_F(Attributes, KnowWhetherAMirroredPictureHasOthers) {
  EXPECT_FALSE(Read("{}").sided());
  const ScratchFolder scratch("scene_attributes");
  dataio::WriteDrawnSet(scratch.path(),
                        {.images = 72, .side = 32, .scene = true, .families = 3, .test_classes = 0});
  const ColourAttributes scenes(scratch.path() / "attributes.json");
  EXPECT_TRUE(scenes.sided());
  EXPECT_EQ(scenes.parts().size(), 10u);
  EXPECT_EQ(scenes.colours()[static_cast<size_t>(scenes.ColourOf("purple"))], "purple");
  EXPECT_EQ(scenes.ColourOf("left"), -1);
}

}  // namespace
}  // namespace helio::eval
