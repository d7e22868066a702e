#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/eval/attention_picture.h"
#include "src/eval/drawn_text.h"
#include "src/eval/image_tensor.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"
#include "src/eval/samples.h"

namespace helio::eval {
namespace {

// A bird-like blob: body, head, on a gradient.
torch::Tensor Blob(int64_t side, double hue) {
  const auto axis = torch::linspace(-1, 1, side);
  const auto x = axis.view({1, side}).expand({side, side}), y = axis.view({side, 1}).expand({side, side});
  const auto body = torch::sigmoid(((x - 0.05).square() / 0.3 + (y - 0.2).square() / 0.12 - 1) * -12);
  const auto head = torch::sigmoid(((x + 0.45).square() / 0.05 + (y + 0.3).square() / 0.05 - 1) * -8);
  const auto background = torch::stack({0.3 + 0.1 * y, 0.5 - 0.1 * x, 0.4 + 0.2 * y});
  auto picture = background + body * (torch::tensor({hue, -hue, 0.8 * hue}).view({3, 1, 1}) - background);
  return (picture + head * (torch::tensor({0.9, 0.8, -0.6}).view({3, 1, 1}) - picture)).to(torch::kFloat32);
}

// {h, w, 3} uint8.
torch::Tensor ReadPng(const std::filesystem::path& path) {
  const auto bytes = ReadFile(path);
  const auto image =
      dataio::DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, path.string());
  return PixelsOf(image).permute({1, 2, 0});
}

class Pictures : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* keep = std::getenv("HELIO_KEEP_PICTURES");  // a folder: to look at them
    folder_ =
        keep ? keep : std::filesystem::temp_directory_path() / ("helio_png_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    keep_ = keep != nullptr;
  }
  void TearDown() override {
    if (!keep_) std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_;
  bool keep_ = false;
};

TEST_F(Pictures, PngComesBackAsItWas) {
  torch::manual_seed(1);
  const auto pixels = torch::randint(0, 256, {13, 7, 3}, torch::kUInt8);
  WritePng(folder_ / "noise.png", pixels, {{"Description", "noise"}});
  EXPECT_TRUE(torch::equal(ReadPng(folder_ / "noise.png"), pixels));
  EXPECT_THAT(ReadFile(folder_ / "noise.png"), ::testing::HasSubstr("Description"));
}

TEST_F(Pictures, PictureIsConvertedAsThePublishedCodeDoes) {
  WritePicture(folder_ / "p.png", torch::tensor({-1.0, 0.0, 1.0}).view({3, 1, 1}));
  EXPECT_TRUE(
      torch::equal(ReadPng(folder_ / "p.png").flatten(), torch::tensor({0, 127, 255}, torch::kUInt8)));
}

TEST(Canvas, DrawsInsideOnly) {
  Canvas canvas(20, 10, {255, 255, 255});
  canvas.FillRectangle(15, 5, 100, 100, {1, 2, 3});
  canvas.FillDisc(5, 5, 4, {0, 0, 0});
  canvas.DrawPicture(-2, -2, 4, 4, torch::ones({3, 4, 4}) * -1);
  canvas.DrawPicture(18, 8, 4, 4, torch::zeros({3, 4, 4}));
  EXPECT_EQ(canvas.at(15, 5).r, 1);
  EXPECT_EQ(canvas.at(17, 7).b, 3);
  EXPECT_EQ(canvas.at(5, 5).r, 0);
  EXPECT_EQ(canvas.at(5, 8).r, 255);
  EXPECT_EQ(canvas.at(1, 1).g, 0);
  EXPECT_EQ(canvas.at(2, 2).g, 255);
  EXPECT_EQ(canvas.at(19, 9).g, 128);
}

TEST(Canvas, TooLargeForCairoIsAnError) { EXPECT_THROW(Canvas(40000, 10, {}), Error); }

// How much ink a line has.
int64_t Ink(const std::string& text, int64_t width = 200) {
  Canvas canvas(width, 40, {255, 255, 255});
  DrawText(canvas, 5, 28, text, {14, {0, 0, 0}, false});
  return canvas.Pixels().lt(128).sum().item<int64_t>();
}

TEST(Font, CapitalsAreAsTallAsAsked) {
  Canvas canvas(60, 60, {255, 255, 255});
  DrawText(canvas, 10, 50, "H", {30, {0, 0, 0}, false});
  const auto rows = canvas.Pixels().amin({1, 2}).lt(128).nonzero().flatten();
  EXPECT_NEAR(rows[0].item<int64_t>(), 20, 1);
  EXPECT_NEAR(rows[-1].item<int64_t>(), 49, 1);
}

TEST(Font, KnowsLettersBeyondAscii) {
  EXPECT_NE(Ink("\u00fc\u00e9"), Ink("ue"));
  EXPECT_NE(Ink("\u03b1\u03b2"), Ink("\u0431\u0433"));
  EXPECT_GT(Ink("\u043f\u0442\u0438\u0446\u0430"), 0);
}

TEST(Font, BytesThatAreNoTextAreShown) {
  EXPECT_GT(Ink("a\xff\xfe"
                "b"),
            Ink("ab"));
}

TEST(Font, WrapsAtSpacesAndMarksWhatIsLeftOver) {
  const TextStyle style;
  const double width = TextWidth("a small bird", style);
  EXPECT_THAT(WrapText("a small bird sings", style, width, 2),
              ::testing::ElementsAre("a small bird", "sings"));
  const auto cut = WrapText("a small bird sings on a branch", style, width, 1);
  ASSERT_EQ(cut.size(), 1);
  EXPECT_TRUE(cut[0].ends_with("..."));
  EXPECT_LE(TextWidth(cut[0], style), width);
  for (const auto& line : WrapText(std::string(100, 'w'), style, width, 50))
    EXPECT_LE(TextWidth(line, style), width);
  EXPECT_TRUE(WrapText("", style, width, 2).empty());
}

TEST(Font, CutsBetweenCharacters) {
  const TextStyle style;
  std::string text;
  for (int i = 0; i < 50; ++i) text += "\u044f";
  for (const auto& line : WrapText(text, style, 60, 2))
    EXPECT_EQ((line.ends_with("...") ? line.size() - 3 : line.size()) % 2, 0);
}

TEST(TopWords, AreTheMostAttendedOnes) {
  auto attention = torch::zeros({4, 2, 2});
  attention[2][0][1] = 0.9;
  attention[0][1][1] = 0.5;
  attention[3][0][0] = 1.0;  // padding: the caption has three words
  EXPECT_THAT(TopWords(attention, 3, 2), ::testing::ElementsAre(2, 0));
}

TEST_F(Pictures, SampleGridShowsEveryStage) {
  std::vector<Sample> samples;
  for (int i = 0; i < 3; ++i) {
    const double hue = 0.9 - 0.6 * i;
    samples.push_back(
        {"a bird with a yellow head, a purple belly and crimson wings sits on a thin branch (number " +
             std::to_string(i) + ")",
         {Blob(16, hue), Blob(32, hue), Blob(64, hue)},
         Blob(64, hue)});
  }
  const auto canvas =
      DrawSampleGrid(samples, {"MirrorGAN on drawn birds, step 2,500",
                               "each row: the three stages and a real picture of the caption", 2, 160});
  WritePng(folder_ / "grid.png", canvas);
  const auto pixels = canvas.Pixels();
  EXPECT_EQ(pixels.size(1), 2 * 24 + 2 * (4 * 160 + 3 * 8 + 28) + 16);
  EXPECT_GT(pixels.to(torch::kFloat32).std().item<double>(), 10);
}

TEST_F(Pictures, AttentionShowsAHeatMapAWord) {
  auto attention = torch::zeros({6, 32, 32});
  attention[2].narrow(0, 4, 8).narrow(1, 6, 8) = 0.8;
  attention[4].narrow(0, 16, 10).narrow(1, 10, 14) = 0.6;
  const AttentionSubject subject{"a yellow head and purple belly",
                                 {"a", "yellow", "head", "and", "purple", "belly"},
                                 {{Blob(32, 0.8), attention.narrow(1, 0, 16)}, {Blob(64, 0.8), attention}}};
  const auto canvas =
      DrawAttention({subject}, {"Word attention", "brighter: the word is looked at more", 4, 160});
  WritePng(folder_ / "attention.png", canvas);
  EXPECT_EQ(canvas.width(), 5 * 160 + 4 * 8 + 2 * (14 + 24));
}

// A stage's maps belong to its picture; AttnDCGAN has two refining stages and the last one's picture alone.
TEST(AttentionMaps, AreShownOverThePictureThatThereIs) {
  const auto picture = [](int64_t side) { return torch::zeros({2, 3, side, side}); };
  const auto maps = [](int64_t side) { return torch::ones({2, 4, side, side}); };
  const auto three =
      SubjectOf({{picture(8), picture(16), picture(32)}, {maps(8), maps(16)}}, 1, "a bird", {"a", "bird"});
  ASSERT_EQ(three.stages.size(), 2u);
  EXPECT_EQ(three.earlier.size(), 1u);
  EXPECT_EQ(three.stages[0].image.size(1), 16);
  EXPECT_EQ(three.stages[1].image.size(1), 32);
  const auto last = SubjectOf({{picture(32)}, {maps(8), maps(16)}}, 1, "a bird", {"a", "bird"});
  ASSERT_EQ(last.stages.size(), 2u);
  EXPECT_TRUE(last.earlier.empty());
  for (const auto& stage : last.stages) EXPECT_EQ(stage.image.size(1), 32);
}

TEST_F(Pictures, FontSheet) {
  Canvas canvas(760, 250, {255, 255, 255});
  double y = 40;
  for (const double size : {8.0, 10.5, 15.0, 22.0}) {
    DrawText(canvas, 20, y, "The quick brown fox jumps over 13 lazy dogs. ABCDEFGHIJKLMNOPQRSTUVWXYZ",
             {size, {30, 30, 30}, size > 14});
    y += size * 2.2;
  }
  DrawText(canvas, 20, y, "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ abcdefghijklmnopqrstuvwxyz",
           {11, {30, 30, 30}, false});
  WritePng(folder_ / "font.png", canvas);
  EXPECT_LT(canvas.Pixels().min().item<int>(), 60);
}

}  // namespace
}  // namespace helio::eval
