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

// Our own outline-less font for ASCII 32..126: each glyph is a few pen strokes, so it scales. Other bytes are
// drawn as a box. Width of one line in pixels.
double TextWidth(std::string_view text, const TextStyle& style);

// One line whose capitals reach from y - size to y. Returns the x where the next glyph would begin.
double DrawText(Canvas& canvas, double x, double y, std::string_view text, const TextStyle& style);

// Distance between lines of this style.
int64_t LineHeight(const TextStyle& style);

// Breaks at spaces (a word longer than the line is cut) so that no line is wider than `width`; at most
// `lines` lines, the last ending in "..." if something is left over.
std::vector<std::string> WrapText(std::string_view text, const TextStyle& style, double width, size_t lines);

}  // namespace helio::eval
