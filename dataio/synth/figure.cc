#include "dataio/synth/figure.h"

#include <algorithm>
#include <cmath>

#include "dataio/synth/palette.h"

namespace helio::dataio {
namespace {

// In the bird's own coordinates; "near" ones are on the side that is seen.
struct OwnPoint {
  double x, y;
  enum Side { kMiddle, kLeft, kRight } side = kMiddle;
};
constexpr OwnPoint kOwnPoints[] = {{-9, -10},
                                   {29, -14},
                                   {4, 8},
                                   {16, -1},
                                   {17, -22},
                                   {24, -20},
                                   {20, -16, OwnPoint::kLeft},
                                   {-2, 17},
                                   {-5, -4, OwnPoint::kLeft},
                                   {8, -16},
                                   {20, -16, OwnPoint::kRight},
                                   {4, 17},
                                   {-5, -4, OwnPoint::kRight},
                                   {-24, 6},
                                   {19, -6}};
static_assert(std::size(kOwnPoints) == kPointNames.size());

void DrawLegs(Painter& painter, const Pose& pose) {
  const Paint grey{.35, .28, .22};
  for (const double x : {-2.0, 4.0})
    painter.Line(pose.At(x, 11), {pose.At(x, 11).x, pose.At(0, kFeet).y}, 1.2 * pose.scale, grey);
}

void DrawTail(Painter& painter, const Pose& pose, const Paint& body, RandomStream& random) {
  const double drop = Jitter(random, 4);
  std::vector<Point> corners = {pose.At(-12, -4), pose.At(-8, 6), pose.At(-33, 13 + drop),
                                pose.At(-35, 5 + drop)};
  if (pose.facing < 0) std::reverse(corners.begin(), corners.end());
  painter.Polygon(corners, Darker(body));
}

void DrawHead(Painter& painter, const Pose& pose, const Paint& paint, RandomStream& random) {
  const Paint beak = random.Below(2) == 0 ? Paint{.93, .62, .15} : Paint{.32, .32, .34};
  std::vector<Point> corners = {pose.At(23, -18), pose.At(34, -13 + Jitter(random, 1)), pose.At(23, -11)};
  if (pose.facing < 0) std::reverse(corners.begin(), corners.end());
  painter.Polygon(corners, beak);
  painter.Ellipse(pose.At(17, -14), 10.2 * pose.scale, 9.6 * pose.scale, 0, paint);
  painter.Ellipse(pose.At(20, -16), 2.5 * pose.scale, 2.5 * pose.scale, 0, {1, 1, 1});
  painter.Ellipse(pose.At(20.5, -16), 1.4 * pose.scale, 1.4 * pose.scale, 0, {.05, .05, .05});
}

void DrawTorso(Painter& painter, const Pose& pose, const BirdColours& colours, RandomStream& random) {
  const Paint body = Shade(colours[kBody], random), belly = Shade(colours[kBelly], random),
              wing = Shade(colours[kWing], random);
  DrawTail(painter, pose, body, random);
  painter.Ellipse(pose.At(0, 0), 20.5 * pose.scale, 14 * pose.scale, pose.Tilt(-.22), body);
  painter.Ellipse(pose.At(4, 7), 13.5 * pose.scale, 7.2 * pose.scale, pose.Tilt(-.2), belly);
  const double lift = Jitter(random, .14);
  painter.Ellipse(pose.At(-5, -4), 13.2 * pose.scale, 6.9 * pose.scale, pose.Tilt(.12 + lift), Darker(wing));
  painter.Ellipse(pose.At(-5, -4), 12.3 * pose.scale, 6.1 * pose.scale, pose.Tilt(.12 + lift), wing);
}

}  // namespace

Point Pose::At(double x, double y) const {
  const double rx = x * std::cos(tilt) - y * std::sin(tilt), ry = x * std::sin(tilt) + y * std::cos(tilt);
  return {centre.x + facing * rx * scale, centre.y + ry * scale};
}

void DrawFigure(Painter& painter, const Pose& pose, const BirdColours& colours, RandomStream& random) {
  DrawLegs(painter, pose);
  DrawTorso(painter, pose, colours, random);
  DrawHead(painter, pose, Shade(colours[kHead], random), random);
}

Box BoxOf(const Pose& pose, int side) {
  const Point a = pose.At(-35, -24), b = pose.At(34, kFeet);
  const double left = std::clamp(std::min(a.x, b.x), 0.0, side - 1.0),
               right = std::clamp(std::max(a.x, b.x), left + 1, side * 1.0);
  const double top = std::clamp(std::min(a.y, b.y), 0.0, side - 1.0),
               bottom = std::clamp(std::max(a.y, b.y), top + 1, side * 1.0);
  return {std::floor(left), std::floor(top), std::floor(right - left), std::floor(bottom - top)};
}

BirdPoints PointsOf(const Pose& pose) {
  const auto seen = pose.facing > 0 ? OwnPoint::kRight : OwnPoint::kLeft;
  BirdPoints points;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto& own = kOwnPoints[i];
    if (own.side != OwnPoint::kMiddle && own.side != seen) continue;
    const auto place = pose.At(own.x, own.y);
    points[i] = {place.x, place.y, true};
  }
  return points;
}

}  // namespace helio::dataio
