#include "src/eval/attention_picture.h"

#include <numeric>

#include "src/base/tensor.h"
#include "src/eval/page.h"

namespace helio::eval {
namespace {

constexpr int64_t kWordHeight = 18;
constexpr size_t kSentenceLines = 2;

// Attention {h, w} stretched to its own range [0, 1] and smoothed to side x side.
torch::Tensor Stretch(const torch::Tensor& attention, int64_t side) {
  const auto values = attention.detach().to(torch::kCPU, torch::kFloat32);
  const auto range = (values.max() - values.min()).clamp_min(1e-8);
  const auto unit = ((values - values.min()) / range).view({1, 1, values.size(0), values.size(1)});
  return at::upsample_bilinear2d(unit, {side, side}, /*align_corners=*/false)[0][0];
}

// From violet over red to light yellow: brighter is more, also in grey print. {3, h, w} in [-1, 1].
torch::Tensor Heat(const torch::Tensor& unit) {
  const auto ramp = [&](double from, double to) { return ((unit - from) / (to - from)).clamp(0, 1); };
  const auto red = 0.16 + 0.84 * ramp(0.0, 0.55);
  const auto green = 0.04 + 0.92 * ramp(0.35, 1.0);
  const auto blue = 0.32 * (1 - ramp(0.2, 0.7)) + 0.12 + 0.5 * ramp(0.8, 1.0);
  return torch::stack({red, green, blue}) * 2 - 1;
}

torch::Tensor Smooth(const torch::Tensor& image, int64_t side) {
  const auto values = image.detach().to(torch::kCPU, torch::kFloat32).unsqueeze(0);
  return at::upsample_bicubic2d(values, {side, side}, /*align_corners=*/false)[0].clamp(-1, 1);
}

struct AttentionLayout {
  int64_t side, tiles;  // tiles a row: the picture and its words
  int64_t header;

  int64_t inner_width() const { return tiles * side + (tiles - 1) * page::kBetween; }
  int64_t width() const { return inner_width() + 2 * (page::kPadding + page::kMargin); }
  int64_t row_height() const { return kWordHeight + side + page::kBetween; }
};

int64_t CardHeight(const AttentionSubject& subject, const AttentionLayout& layout) {
  const auto lines =
      WrapText(subject.caption, page::kCaption, static_cast<double>(layout.inner_width()), kSentenceLines);
  return 2 * page::kPadding + std::ssize(lines) * LineHeight(page::kCaption) +
         (std::ssize(subject.stages) + !subject.earlier.empty()) * layout.row_height();
}

void DrawTile(Canvas& canvas, int64_t x, int64_t y, int64_t side, const torch::Tensor& picture,
              const std::string& label, const TextStyle& style) {
  DrawCentred(canvas, x, side, static_cast<double>(y + kWordHeight) - 6, label, style);
  canvas.DrawPicture(x, y + kWordHeight, side, side, picture);
  canvas.DrawFrame(x, y + kWordHeight, side, side, 1, page::kEdge);
}

std::string WordLabel(const std::string& word, double peak) {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "  %.2f", peak);
  return word + number.data();
}

void DrawEarlier(Canvas& canvas, int64_t x, int64_t y, const std::vector<torch::Tensor>& images,
                 int64_t side) {
  for (const auto& image : images) {
    DrawTile(canvas, x, y, side, image, SideLabel(image.size(2)), page::kLabel);
    x += side + page::kBetween;
  }
}

void DrawStage(Canvas& canvas, int64_t x, int64_t y, const AttentionStage& stage,
               const AttentionSubject& subject, size_t top, int64_t side) {
  const TextStyle word_style{9, page::kInk, false};
  DrawTile(canvas, x, y, side, stage.image, SideLabel(stage.image.size(2)), page::kLabel);
  for (const int64_t word : TopWords(stage.attention, subject.words.size(), top)) {
    x += side + page::kBetween;
    const double peak = stage.attention[word].max().item<double>();
    DrawTile(canvas, x, y, side, AttentionOver(stage.image, stage.attention[word], side),
             WordLabel(subject.words[static_cast<size_t>(word)], peak), word_style);
  }
}

int64_t DrawSubject(Canvas& canvas, int64_t y, const AttentionSubject& subject, const AttentionLayout& layout,
                    size_t top) {
  const int64_t height = CardHeight(subject, layout), x = page::kMargin + page::kPadding;
  DrawCard(canvas, page::kMargin, y, layout.inner_width() + 2 * page::kPadding, height);
  int64_t line_y = y + page::kPadding;
  for (const auto& line :
       WrapText(subject.caption, page::kCaption, static_cast<double>(layout.inner_width()), kSentenceLines)) {
    DrawText(canvas, static_cast<double>(x), static_cast<double>(line_y) + page::kCaption.size, line,
             page::kCaption);
    line_y += LineHeight(page::kCaption);
  }
  if (!subject.earlier.empty()) {
    DrawEarlier(canvas, x, line_y, subject.earlier, layout.side);
    line_y += layout.row_height();
  }
  for (const auto& stage : subject.stages) {
    DrawStage(canvas, x, line_y, stage, subject, top, layout.side);
    line_y += layout.row_height();
  }
  return height;
}

}  // namespace

// Colours mean attention only, and what was looked at stays visible.
torch::Tensor AttentionOver(const torch::Tensor& image, const torch::Tensor& attention, int64_t side) {
  const auto grey = Smooth(image, side).mean(0, true).expand({3, side, side}) * 0.9 - 0.1;
  const auto unit = Stretch(attention, side);
  const auto cover = 0.25 + 0.5 * unit;
  return grey * (1 - cover) + Heat(unit) * cover;
}

std::vector<int64_t> TopWords(const torch::Tensor& attention, size_t words, size_t top) {
  const auto count = std::min<int64_t>(static_cast<int64_t>(words), attention.size(0));
  const auto peaks = attention.detach().flatten(1).amax(1).to(torch::kCPU, torch::kFloat64).contiguous();
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const auto* peak = peaks.data_ptr<double>();
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return peak[a] > peak[b]; });
  order.resize(std::min(order.size(), top));
  return order;
}

Canvas DrawAttention(const std::vector<AttentionSubject>& subjects, const AttentionStyle& style) {
  CHECK(!subjects.empty());
  const AttentionLayout layout{style.side, static_cast<int64_t>(style.top_words) + 1,
                               HeaderHeight(style.title, style.subtitle)};
  int64_t height = 2 * page::kMargin + layout.header - page::kGap;
  for (const auto& subject : subjects) height += CardHeight(subject, layout) + page::kGap;
  Canvas canvas(layout.width(), height, page::kBackground);
  DrawHeader(canvas, style.title, style.subtitle);
  int64_t y = page::kMargin + layout.header;
  for (const auto& subject : subjects)
    y += DrawSubject(canvas, y, subject, layout, style.top_words) + page::kGap;
  return canvas;
}

}  // namespace helio::eval
