#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "src/eval/canvas.h"

namespace helio::eval {

struct TextStyle {
  double size = 11;  // height of a capital letter, pixels
  Rgb colour{40, 44, 52};
  bool bold = false;
};

// UTF-8 text of any script that an installed font has, drawn by Pango (docs/decisions/0013-drawing.md);
// DejaVu Sans where it is installed. Bytes that are no UTF-8 are shown as a question mark, line breaks as a
// space, and where no font is installed, as on some computing nodes, letters as boxes. Thread-safe.

// Width of one line in pixels.
double TextWidth(std::string_view text, const TextStyle& style);

// One line whose capitals reach from y - size to y.
void DrawText(Canvas& canvas, double x, double y, std::string_view text, const TextStyle& style);

// Distance between lines of this style.
int64_t LineHeight(const TextStyle& style);

// Breaks between words (a word longer than the line is cut) so that no line is wider than `width`; at most
// `lines` lines, the last ending in "..." if something is left over.
std::vector<std::string> WrapText(std::string_view text, const TextStyle& style, double width, size_t lines);

}  // namespace helio::eval
