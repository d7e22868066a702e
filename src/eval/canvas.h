#pragma once
#include <cstdint>
#include <memory>

#include "src/base/tensor_fwd.h"

using cairo_t = struct _cairo;                  // cairo.h
using cairo_surface_t = struct _cairo_surface;  // cairo.h

namespace helio::eval {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
};

// A picture to draw on, by Cairo: 8-bit RGB, row by row. (0, 0) is the upper left corner; what lies outside
// is not drawn. Not thread-safe.
class Canvas {
 public:
  // Throws Error{kSystem} where it is too large for Cairo (32,767 a side) or for the memory.
  Canvas(int64_t width, int64_t height, Rgb background);
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  Rgb at(int64_t x, int64_t y) const;

  void FillRectangle(int64_t x, int64_t y, int64_t width, int64_t height, Rgb colour);
  // A disc around the point (x, y), antialiased.
  void FillDisc(double x, double y, double diameter, Rgb colour);
  // A frame of `thickness` pixels just outside the rectangle.
  void DrawFrame(int64_t x, int64_t y, int64_t width, int64_t height, int64_t thickness, Rgb colour);

  // A picture {3, h, w} in [-1, 1], resized (bicubic, antialiased) to width x height.
  void DrawPicture(int64_t x, int64_t y, int64_t width, int64_t height, const torch::Tensor& picture);

  // To draw with Cairo itself, in this colour.
  cairo_t* Pen(Rgb colour);

  torch::Tensor Pixels() const;  // {height, width, 3} uint8, a copy

 private:
  uint32_t* Row(int64_t y) const;  // x-th: 0x00RRGGBB

  int64_t width_, height_;
  std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface_;
  std::unique_ptr<cairo_t, void (*)(cairo_t*)> pen_;
};

}  // namespace helio::eval
