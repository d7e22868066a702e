#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "src/base/log.h"

namespace helio::eval {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
};

// Pixels, as floats {height, width, 3} in row order.
class Canvas {
 public:
  Canvas(int64_t width, int64_t height, Rgb background);
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  Rgb at(int64_t x, int64_t y) const;

  // Mixes `colour` into a pixel; outside the canvas nothing happens. `cover` in [0, 1].
  void Blend(int64_t x, int64_t y, Rgb colour, float cover);
  void FillRectangle(int64_t x, int64_t y, int64_t width, int64_t height, Rgb colour, float cover = 1);
  // A line with round ends, antialiased; coordinates in pixels, `thickness` in pixels.
  void DrawStroke(double x0, double y0, double x1, double y1, double thickness, Rgb colour);
  // A frame of `thickness` pixels just outside the rectangle.
  void DrawFrame(int64_t x, int64_t y, int64_t width, int64_t height, int64_t thickness, Rgb colour);

  // A picture {3, h, w} in [-1, 1], enlarged to width x height: in whole steps nearest, else bilinear.
  void DrawPicture(int64_t x, int64_t y, int64_t width, int64_t height, const torch::Tensor& picture);

  torch::Tensor Pixels() const;  // {height, width, 3} uint8, a copy

 private:
  int64_t width_, height_;
  std::vector<uint8_t> pixels_;
};

}  // namespace helio::eval
