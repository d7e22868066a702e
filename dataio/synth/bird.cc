#include "dataio/synth/bird.h"

#include <algorithm>
#include <cmath>

#include "dataio/synth/painter.h"
#include "src/base/random.h"

namespace helio::dataio {
namespace {

constexpr Paint kPaints[] = {{.08, .08, .10}, {.96, .96, .95}, {.84, .11, .12}, {.95, .53, .10},
                             {.97, .87, .15}, {.13, .55, .20}, {.15, .32, .83}, {.53, .20, .66}};

double Jitter(RandomStream& random, double amplitude) { return (2 * random.Unit() - 1) * amplitude; }

Paint Shade(int colour, RandomStream& random) {
  Paint paint = kPaints[colour];
  const double light = Jitter(random, .05);
  for (double* channel : {&paint.r, &paint.g, &paint.b})
    *channel = std::clamp(*channel + light + Jitter(random, .025), 0.0, 1.0);
  return paint;
}

Paint Pastel(RandomStream& random) {
  return {.62 + .26 * random.Unit(), .62 + .26 * random.Unit(), .62 + .26 * random.Unit()};
}

// How this bird stands: maps the bird's own coordinates (facing right, units of 1/76 of the side) to pixels.
struct Pose {
  Point centre;
  double scale, tilt, facing;  // facing: +1 right, -1 left

  Point At(double x, double y) const {
    const double rx = x * std::cos(tilt) - y * std::sin(tilt), ry = x * std::sin(tilt) + y * std::cos(tilt);
    return {centre.x + facing * rx * scale, centre.y + ry * scale};
  }
  double Tilt(double own) const { return facing * (own + tilt); }
};

Pose DrawPose(RandomStream& random, int side) {
  const double unit = side / 76.0;
  return {{unit * (38 + Jitter(random, 2)), unit * (38 + Jitter(random, 2))},
          unit * (1 + Jitter(random, .07)),
          Jitter(random, .10),
          random.Below(2) == 0 ? 1.0 : -1.0};
}

// The same bird smaller, and wherever all of it is in the picture.
void Move(Pose& pose, int side, uint64_t key) {
  RandomStream random(RandomKey(key, "place"));
  pose.scale *= .4 + .55 * random.Unit();
  const auto within = [&](double half) { return half + random.Unit() * std::max(side - 2 * half, 0.0); };
  pose.centre = {within(36 * pose.scale), within(26 * pose.scale)};
}

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

void DrawBackground(Painter& painter, RandomStream& random) {
  const Paint top = Pastel(random), bottom = Mix(Pastel(random), top, .4);
  const int side = painter.side();
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) painter.At(x, y) = Mix(top, bottom, static_cast<double>(y) / side);
  for (int64_t i = random.Below(6); i > 0; --i) {
    const Point spot{random.Unit() * side, random.Unit() * side};
    const double radius = side * (.05 + .09 * random.Unit());
    painter.Ellipse(spot, radius, radius, 0, Pastel(random), .45);
  }
}

void DrawPerch(Painter& painter, const Pose& pose, RandomStream& random) {
  const Paint wood{.36 + Jitter(random, .06), .24 + Jitter(random, .04), .14};
  const double y = pose.At(0, 25).y, slope = Jitter(random, .06) * painter.side();
  painter.Line({-2.0, y - slope}, {painter.side() + 2.0, y + slope}, pose.scale * (2.4 + random.Unit()),
               wood);
}

void DrawLegs(Painter& painter, const Pose& pose) {
  const Paint grey{.35, .28, .22};
  for (const double x : {-2.0, 4.0})
    painter.Line(pose.At(x, 11), {pose.At(x, 11).x, pose.At(0, 25).y}, 1.2 * pose.scale, grey);
}

void DrawTail(Painter& painter, const Pose& pose, const Paint& body, RandomStream& random) {
  const double drop = Jitter(random, 4);
  std::vector<Point> corners = {pose.At(-12, -4), pose.At(-8, 6), pose.At(-33, 13 + drop),
                                pose.At(-35, 5 + drop)};
  if (pose.facing < 0) std::reverse(corners.begin(), corners.end());
  painter.Polygon(corners, Mix(body, {0, 0, 0}, .25));
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
  painter.Ellipse(pose.At(-5, -4), 13.2 * pose.scale, 6.9 * pose.scale, pose.Tilt(.12 + lift),
                  Mix(wing, {0, 0, 0}, .25));
  painter.Ellipse(pose.At(-5, -4), 12.3 * pose.scale, 6.1 * pose.scale, pose.Tilt(.12 + lift), wing);
}

Box BoundingBox(const Pose& pose, int side) {
  const Point a = pose.At(-35, -24), b = pose.At(34, 25);
  const double left = std::clamp(std::min(a.x, b.x), 0.0, side - 1.0),
               right = std::clamp(std::max(a.x, b.x), left + 1, side * 1.0);
  const double top = std::clamp(std::min(a.y, b.y), 0.0, side - 1.0),
               bottom = std::clamp(std::max(a.y, b.y), top + 1, side * 1.0);
  return {std::floor(left), std::floor(top), std::floor(right - left), std::floor(bottom - top)};
}

void AddGrain(Painter& painter, RandomStream& random) {
  for (int y = 0; y < painter.side(); ++y)
    for (int x = 0; x < painter.side(); ++x) {
      const double grain = Jitter(random, .012);
      Paint& paint = painter.At(x, y);
      paint = {paint.r + grain, paint.g + grain, paint.b + grain};
    }
}

}  // namespace

DrawnBird DrawBird(const BirdColours& colours, int side, uint64_t key, const BirdStance& stance) {
  RandomStream random(key);
  Painter painter(side);
  Pose pose = DrawPose(random, side);
  if (!stance.any_facing) pose.facing = 1;
  if (stance.any_place) Move(pose, side, key);
  DrawBackground(painter, random);
  DrawPerch(painter, pose, random);
  DrawLegs(painter, pose);
  DrawTorso(painter, pose, colours, random);
  DrawHead(painter, pose, Shade(colours[kHead], random), random);
  AddGrain(painter, random);
  return {painter.Finish(), BoundingBox(pose, side), PointsOf(pose)};
}

}  // namespace helio::dataio
