#pragma once
#include <vector>

#include "dataio/image.h"

namespace helio::dataio {

struct Point {
  double x = 0, y = 0;
};

struct Paint {
  double r = 0, g = 0, b = 0;  // [0, 1]
};

Paint Mix(const Paint& a, const Paint& b, double share_of_b);

// Draws antialiased shapes over each other: a pixel is covered by how far its centre lies inside the shape's
// edge. Coordinates in pixels.
class Painter {
 public:
  explicit Painter(int side) : side_(side), pixels_(static_cast<size_t>(side) * side) {}

  int side() const { return side_; }
  Paint& At(int x, int y) { return pixels_[static_cast<size_t>(y) * side_ + x]; }

  // `tilt` in radians, clockwise on the screen. `opacity` in [0, 1].
  void Ellipse(Point centre, double radius_x, double radius_y, double tilt, const Paint& paint,
               double opacity = 1);
  // Corners of a convex polygon in clockwise order on the screen.
  void Polygon(const std::vector<Point>& corners, const Paint& paint);
  void Line(Point from, Point to, double width, const Paint& paint);

  Image Finish() const;  // rounded to 8 bits

 private:
  template <typename Distance>
  void Fill(const Distance& distance, const Paint& paint, double opacity);

  int side_;
  std::vector<Paint> pixels_;
};

}  // namespace helio::dataio
