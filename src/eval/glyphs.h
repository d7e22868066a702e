#pragma once
#include <string_view>

namespace helio::eval {

// A glyph as pen strokes on a grid: letters are coordinates (a = 0, b = 1, ...), x then y downwards; capitals
// reach from y 0 to 12, small letters from 4, descenders to 16. A stroke is
//   -aaim   straight lines through the points
//   aaiaim  a smooth curve (quadratic B-spline) from the first point to the last, drawn to the others
//   *aaiaimam  the same, closed: a box becomes the ellipse inside it
//   .am     a dot
struct Glyph {
  int width;
  std::string_view strokes;
};

// The glyph of an ASCII character 32..126; a box for everything else.
const Glyph& FindGlyph(unsigned char character);

}  // namespace helio::eval
