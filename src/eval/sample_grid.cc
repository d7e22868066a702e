#include "src/eval/sample_grid.h"

#include "src/eval/page.h"

namespace helio::eval {
namespace {

constexpr size_t kCaptionLines = 3;
constexpr int64_t kLabelHeight = 16;

struct GridLayout {
  int64_t columns, rows;
  int64_t pictures;  // beside each other in a card
  int64_t side;
  int64_t caption_lines;  // the longest caption's
  int64_t header;

  int64_t inner_width() const { return pictures * side + (pictures - 1) * page::kBetween; }
  int64_t card_width() const { return inner_width() + 2 * page::kPadding; }
  int64_t caption_height() const { return caption_lines * LineHeight(page::kCaption) + 4; }
  int64_t card_height() const { return 2 * page::kPadding + caption_height() + side + kLabelHeight; }
  int64_t width() const { return 2 * page::kMargin + columns * (card_width() + page::kGap) - page::kGap; }
  int64_t height() const {
    return 2 * page::kMargin + header + rows * (card_height() + page::kGap) - page::kGap;
  }
};

int64_t PicturesOf(const Sample& sample) {
  return static_cast<int64_t>(sample.stages.size()) + (sample.real.defined() ? 1 : 0);
}

std::vector<std::string> CaptionLines(const Sample& sample, const GridLayout& layout) {
  return WrapText(sample.caption, page::kCaption, static_cast<double>(layout.inner_width()), kCaptionLines);
}

GridLayout Plan(const std::vector<Sample>& samples, const GridStyle& style) {
  const auto count = static_cast<int64_t>(samples.size());
  GridLayout layout{std::min(style.columns, count),           0, 0, style.side, 1,
                    HeaderHeight(style.title, style.subtitle)};
  layout.rows = (count + layout.columns - 1) / layout.columns;
  for (const auto& sample : samples) layout.pictures = std::max(layout.pictures, PicturesOf(sample));
  for (const auto& sample : samples) {
    layout.caption_lines = std::max<int64_t>(layout.caption_lines, std::ssize(CaptionLines(sample, layout)));
  }
  return layout;
}

void DrawLabelled(Canvas& canvas, int64_t x, int64_t y, int64_t side, const torch::Tensor& picture,
                  const std::string& label) {
  canvas.DrawPicture(x, y, side, side, picture);
  canvas.DrawFrame(x, y, side, side, 1, page::kEdge);
  DrawCentred(canvas, x, side, static_cast<double>(y + side + kLabelHeight) - 1, label, page::kLabel);
}

void DrawSample(Canvas& canvas, int64_t x, int64_t y, const Sample& sample, const GridLayout& layout) {
  DrawCard(canvas, x, y, layout.card_width(), layout.card_height());
  x += page::kPadding;
  y += page::kPadding;
  double baseline = static_cast<double>(y) + page::kCaption.size;
  for (const auto& line : CaptionLines(sample, layout)) {
    DrawText(canvas, static_cast<double>(x), baseline, line, page::kCaption);
    baseline += static_cast<double>(LineHeight(page::kCaption));
  }
  y += layout.caption_height();
  for (size_t i = 0; i < sample.stages.size(); ++i) {
    const auto& stage = sample.stages[i];
    DrawLabelled(canvas, x, y, layout.side, stage,
                 sample.labels.empty() ? SideLabel(stage.size(2)) : sample.labels.at(i));
    x += layout.side + page::kBetween;
  }
  if (sample.real.defined()) DrawLabelled(canvas, x, y, layout.side, sample.real, "real");
}

}  // namespace

Canvas DrawSampleGrid(const std::vector<Sample>& samples, const GridStyle& style) {
  CHECK(!samples.empty());
  const GridLayout layout = Plan(samples, style);
  Canvas canvas(layout.width(), layout.height(), page::kBackground);
  DrawHeader(canvas, style.title, style.subtitle);
  for (int64_t i = 0; i < std::ssize(samples); ++i) {
    const int64_t column = i % layout.columns, row = i / layout.columns;
    DrawSample(canvas, page::kMargin + column * (layout.card_width() + page::kGap),
               page::kMargin + layout.header + row * (layout.card_height() + page::kGap), samples[i], layout);
  }
  return canvas;
}

}  // namespace helio::eval
