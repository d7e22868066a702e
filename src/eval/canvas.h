#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "src/base/tensor_fwd.h"

namespace helio::eval {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
};

// A pen's straight way, in pixels.
struct Segment {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

// A picture to draw on: 8-bit RGB, row by row. (0, 0) is the upper left corner. Not thread-safe.
class Canvas {
 public:
  Canvas(int64_t width, int64_t height, Rgb background);
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  Rgb at(int64_t x, int64_t y) const;

  // Mixes `colour` into a pixel; outside the canvas nothing happens. `cover` in [0, 1].
  void Blend(int64_t x, int64_t y, Rgb colour, float cover);
  void FillRectangle(int64_t x, int64_t y, int64_t width, int64_t height, Rgb colour, float cover = 1);
  // Lines with round ends and joints, antialiased; they cover once where they overlap.
  void DrawStrokes(const std::vector<Segment>& strokes, double thickness, Rgb colour);
  // A frame of `thickness` pixels just outside the rectangle.
  void DrawFrame(int64_t x, int64_t y, int64_t width, int64_t height, int64_t thickness, Rgb colour);

  // A picture {3, h, w} in [-1, 1], resized (bicubic, antialiased) to width x height.
  void DrawPicture(int64_t x, int64_t y, int64_t width, int64_t height, const torch::Tensor& picture);

  torch::Tensor Pixels() const;  // {height, width, 3} uint8, a copy

 private:
  int64_t width_, height_;
  std::vector<uint8_t> pixels_;
};

}  // namespace helio::eval
