#include "src/eval/page.h"

namespace helio::eval {

std::string SideLabel(int64_t side) { return std::to_string(side) + " px"; }

int64_t HeaderHeight(const std::string& title, const std::string& subtitle) {
  return (title.empty() ? 0 : LineHeight(page::kTitle) + 4) +
         (subtitle.empty() ? 0 : LineHeight(page::kSubtitle) + 4);
}

void DrawHeader(Canvas& canvas, const std::string& title, const std::string& subtitle) {
  const double width = static_cast<double>(canvas.width() - 2 * page::kMargin);
  double y = page::kMargin;
  const auto line = [&](const std::string& text, const TextStyle& style) {
    for (const auto& part : WrapText(text, style, width, 1))
      DrawText(canvas, page::kMargin, y + style.size, part, style);
    if (!text.empty()) y += static_cast<double>(LineHeight(style));
  };
  line(title, page::kTitle);
  line(subtitle, page::kSubtitle);
}

void DrawCard(Canvas& canvas, int64_t x, int64_t y, int64_t width, int64_t height) {
  canvas.FillRectangle(x, y, width, height, page::kCard);
  canvas.DrawFrame(x, y, width, height, 1, page::kEdge);
}

void DrawCentred(Canvas& canvas, int64_t x, int64_t width, double baseline, const std::string& text,
                 const TextStyle& style) {
  for (const auto& line : WrapText(text, style, static_cast<double>(width), 1)) {
    const double left = static_cast<double>(x) + (static_cast<double>(width) - TextWidth(line, style)) / 2;
    DrawText(canvas, left, baseline, line, style);
  }
}

}  // namespace helio::eval
