#include "dataio/synth/painter.h"

#include <algorithm>
#include <cmath>

namespace helio::dataio {

Paint Mix(const Paint& a, const Paint& b, double share_of_b) {
  return {a.r + (b.r - a.r) * share_of_b, a.g + (b.g - a.g) * share_of_b, a.b + (b.b - a.b) * share_of_b};
}

// `distance` is negative inside the shape, in pixels.
template <typename Distance>
void Painter::Fill(const Distance& distance, const Paint& paint, double opacity) {
  for (int y = 0; y < side_; ++y)
    for (int x = 0; x < side_; ++x) {
      const double coverage = std::clamp(0.5 - distance(Point{x + 0.5, y + 0.5}), 0.0, 1.0) * opacity;
      if (coverage > 0) At(x, y) = Mix(At(x, y), paint, coverage);
    }
}

void Painter::Ellipse(Point centre, double radius_x, double radius_y, double tilt, const Paint& paint,
                      double opacity) {
  const double cosine = std::cos(tilt), sine = std::sin(tilt);
  // First-order distance: implicit function over its gradient.
  const auto distance = [&](Point p) {
    const double dx = p.x - centre.x, dy = p.y - centre.y;
    const double u = (dx * cosine + dy * sine) / radius_x, v = (dy * cosine - dx * sine) / radius_y;
    const double slope = 2 * std::hypot(u / radius_x, v / radius_y);
    return (u * u + v * v - 1) / std::max(slope, 1e-6);
  };
  Fill(distance, paint, opacity);
}

void Painter::Polygon(const std::vector<Point>& corners, const Paint& paint) {
  const auto distance = [&](Point p) {
    double farthest = -1e9;
    for (size_t i = 0; i < corners.size(); ++i) {
      const Point a = corners[i], b = corners[(i + 1) % corners.size()];
      const double length = std::max(std::hypot(b.x - a.x, b.y - a.y), 1e-9);
      farthest = std::max(farthest, ((p.x - a.x) * (b.y - a.y) - (p.y - a.y) * (b.x - a.x)) / length);
    }
    return farthest;
  };
  Fill(distance, paint, 1);
}

void Painter::Line(Point from, Point to, double width, const Paint& paint) {
  const double dx = to.x - from.x, dy = to.y - from.y, squared = std::max(dx * dx + dy * dy, 1e-9);
  const auto distance = [&](Point p) {
    const double t = std::clamp(((p.x - from.x) * dx + (p.y - from.y) * dy) / squared, 0.0, 1.0);
    return std::hypot(p.x - from.x - t * dx, p.y - from.y - t * dy) - width / 2;
  };
  Fill(distance, paint, 1);
}

Image Painter::Finish() const {
  Image image(side_, side_);
  size_t i = 0;
  for (const auto& paint : pixels_)
    for (const double value : {paint.r, paint.g, paint.b})
      image.pixels[i++] = static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255));
  return image;
}

}  // namespace helio::dataio
