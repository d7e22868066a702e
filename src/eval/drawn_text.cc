#include "src/eval/drawn_text.h"

#include <pango/pangocairo.h>

#include <cmath>
#include <memory>

namespace helio::eval {
namespace {

constexpr double kCapital = 0.729;  // a capital's part of DejaVu Sans' size

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

using Description = std::unique_ptr<PangoFontDescription, decltype(&pango_font_description_free)>;

Description FontOf(const TextStyle& style) {
  Description font(pango_font_description_from_string("DejaVu Sans, Sans"), &pango_font_description_free);
  pango_font_description_set_absolute_size(font.get(), style.size / kCapital * PANGO_SCALE);
  pango_font_description_set_weight(font.get(), style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  return font;
}

std::string Printable(std::string_view text) {
  char* valid = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
  std::string printable(valid);
  g_free(valid);
  return printable;
}

// A paragraph set by Pango; lines as wide as they come.
class Paragraph {
 public:
  Paragraph(std::string_view text, const TextStyle& style)
      : context_(pango_font_map_create_context(pango_cairo_font_map_get_default())),  // the thread's
        layout_(pango_layout_new(context_.get())) {
    const auto font = FontOf(style);
    const auto printable = Printable(text);
    pango_layout_set_font_description(layout_.get(), font.get());
    pango_layout_set_single_paragraph_mode(layout_.get(), true);
    pango_layout_set_text(layout_.get(), printable.data(), static_cast<int>(printable.size()));
  }

  PangoLayout* layout() const { return layout_.get(); }
  PangoLayoutLine* first_line() const { return pango_layout_get_line_readonly(layout(), 0); }
  double width() const {
    PangoRectangle logical;
    pango_layout_line_get_extents(first_line(), nullptr, &logical);
    return static_cast<double>(logical.width) / PANGO_SCALE;
  }
  std::vector<std::string> Wrapped(double width) const {
    pango_layout_set_wrap(layout(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_width(layout(), static_cast<int>(width * PANGO_SCALE));
    std::vector<std::string> lines;
    for (auto* at = pango_layout_get_lines_readonly(layout()); at; at = at->next) {
      const auto* line = static_cast<PangoLayoutLine*>(at->data);
      lines.emplace_back(pango_layout_get_text(layout()) + line->start_index,
                         static_cast<size_t>(line->length));
    }
    return lines;
  }

 private:
  Owned<PangoContext> context_;
  Owned<PangoLayout> layout_;
};

void RemoveLastCharacter(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

std::string WithDots(std::string line, const TextStyle& style, double width) {
  while (!line.empty() && TextWidth(line + "...", style) > width) RemoveLastCharacter(line);
  while (line.ends_with(' ')) line.pop_back();
  return line + "...";
}

}  // namespace

double TextWidth(std::string_view text, const TextStyle& style) { return Paragraph(text, style).width(); }

void DrawText(Canvas& canvas, double x, double y, std::string_view text, const TextStyle& style) {
  const Paragraph paragraph(text, style);
  auto* pen = canvas.Pen(style.colour);
  cairo_move_to(pen, x, y);
  pango_cairo_show_layout_line(pen, paragraph.first_line());
}

int64_t LineHeight(const TextStyle& style) { return std::lround(style.size * 1.75); }

std::vector<std::string> WrapText(std::string_view text, const TextStyle& style, double width, size_t lines) {
  if (text.empty()) return {};
  auto wrapped = Paragraph(text, style).Wrapped(width);
  const bool too_many = wrapped.size() > lines;
  wrapped.resize(std::min(wrapped.size(), lines));
  for (auto& line : wrapped)
    while (line.ends_with(' ')) line.pop_back();
  if (too_many && !wrapped.empty()) wrapped.back() = WithDots(wrapped.back(), style, width);
  return wrapped;
}

}  // namespace helio::eval
