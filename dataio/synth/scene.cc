#include "dataio/synth/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dataio/synth/backdrop.h"
#include "dataio/synth/figure.h"

namespace helio::dataio {
namespace {

static_assert(std::equal(kColourNames.begin(), kColourNames.end(), kSceneValueNames.begin()));

// Lengths in 1/76 of the side, as of single birds.
constexpr double kLeftMiddle = 21.5, kRightMiddle = 54.5;
// Of a flower, in its radii.
constexpr double kStem = 2.6;
constexpr Paint kStemPaint = {.30, .20, .12};

// What everything stands on: a straight branch across the picture.
struct Branch {
  double middle_y, slope, width;  // pixels, slope per pixel

  double At(double x) const { return middle_y + slope * x; }
};

Branch DrawBranch(Painter& painter, int colour, RandomStream& random) {
  const double side = painter.side(), unit = side / 76;
  const double slope = Jitter(random, .06);
  const Branch branch{unit * (49 + Jitter(random, 5)) - slope * side / 2, slope,
                      unit * (3 + .8 * random.Unit())};
  const Paint paint = colour == kAbsent ? Wood(random) : Shade(colour, random);
  const Point from{-4, branch.At(-4)}, to{side + 4, branch.At(side + 4)};
  painter.Line(from, to, branch.width, Darker(paint));
  painter.Line(from, to, branch.width - .9 * unit, paint);
  return branch;
}

Pose PerchedPose(const Branch& branch, double x, int looks, double unit, RandomStream& random) {
  const double scale = .43 * unit * (1 + Jitter(random, .04));
  return {{x, branch.At(x) - kFeet * scale}, scale, Jitter(random, .10), looks == kLooksRight ? 1.0 : -1.0};
}

// Lies on `foot`.
void DrawBall(Painter& painter, Point foot, double radius, const Paint& paint) {
  const Point centre{foot.x, foot.y - radius};
  painter.Ellipse(centre, radius, radius, 0, Darker(paint));
  painter.Ellipse(centre, .86 * radius, .86 * radius, 0, paint);
  painter.Ellipse({centre.x - .35 * radius, centre.y - .35 * radius}, .22 * radius, .22 * radius, 0,
                  {1, 1, 1}, .6);
}

// On a stem to `foot`: from a ball it is told at a small side too.
void DrawFlower(Painter& painter, Point foot, double radius, const Paint& paint, double turn) {
  const Point centre{foot.x, foot.y - kStem * radius};
  painter.Line(foot, centre, .3 * radius, kStemPaint);
  for (const auto& [share, petal] : {std::pair(.42, Darker(paint)), std::pair(.34, paint)})
    for (int i = 0; i < 5; ++i) {
      const double angle = turn + i * std::numbers::pi * 2 / 5;
      painter.Ellipse({centre.x + .58 * radius * std::cos(angle), centre.y + .58 * radius * std::sin(angle)},
                      share * radius, share * radius, 0, petal);
    }
  painter.Ellipse(centre, .3 * radius, .3 * radius, 0, kStemPaint);
}

// In a row on the branch; returns their box.
Box DrawThings(Painter& painter, const Branch& branch, double x, const SceneFacts& facts,
               RandomStream& random) {
  const double unit = painter.side() / 76.0, radius = unit * (4.2 + Jitter(random, .3));
  const int count = facts[kCount] - kOneThing + 1;
  const Paint paint = Shade(facts[kThingsColour], random);
  Box box{x, 1e9, 0, 0};
  for (int i = 0; i < count; ++i) {
    const double from_middle = (i - (count - 1) / 2.0) * (2 * radius + 2 * unit);
    const Point foot{x + from_middle, branch.At(x + from_middle) - branch.width / 2};
    if (facts[kThings] == kBalls)
      DrawBall(painter, foot, radius, paint);
    else
      DrawFlower(painter, foot, radius, paint, 2 * random.Unit());
    box.x = std::min(box.x, foot.x - radius);
    box.y = std::min(box.y, foot.y - (facts[kThings] == kBalls ? 2 : kStem + 1) * radius);
  }
  box.width = 2 * (x - box.x);
  box.height = branch.At(x) - box.y;
  return box;
}

Box Around(const Box& a, const Box& b) {
  const double x = std::floor(std::min(a.x, b.x)), y = std::floor(std::min(a.y, b.y));
  return {x, y, std::floor(std::max(a.x + a.width, b.x + b.width)) - x,
          std::floor(std::max(a.y + a.height, b.y + b.height)) - y};
}

}  // namespace

SceneFacts MakeScene(const std::array<int, 4>& colours, bool two_birds, uint64_t key) {
  RandomStream random(key);
  const auto pick = [&](int first, int64_t choices) {
    return first + static_cast<int>(random.Below(choices));
  };
  SceneFacts facts;
  facts.fill(kAbsent);
  const auto add_bird = [&](size_t first, int body, int wings) {
    facts[first + kSceneBody] = body;
    facts[first + kSceneWings] = wings;
    facts[first + kSceneLooks] = pick(kLooksLeft, 2);
  };
  if (two_birds) {
    add_bird(kLeftBody, colours[0], colours[1]);
    add_bird(kRightBody, colours[2], colours[3]);
    return facts;
  }
  add_bird(random.Below(2) == 0 ? kLeftBody : kRightBody, colours[0], colours[1]);
  facts[kThings] = pick(kBalls, 2);
  facts[kThingsColour] = colours[2];
  facts[kCount] = pick(kOneThing, 3);
  facts[kPerch] = colours[3];
  return facts;
}

std::string SceneName(const SceneFacts& facts) {
  const auto joined = [&](std::initializer_list<int> parts) {
    std::string text;
    for (const int part : parts)
      text += (text.empty() ? "" : "_") + NameOfValue(facts[static_cast<size_t>(part)]);
    return text;
  };
  const auto on_side = [&](int first) {
    return facts[static_cast<size_t>(first)] == kAbsent
               ? joined({kCount, kThingsColour, kThings})
               : joined({first, first + kSceneWings, first + kSceneLooks});
  };
  return on_side(kLeftBody) + "_beside_" + on_side(kRightBody) +
         (facts[kPerch] == kAbsent ? "" : "_on_" + NameOfValue(facts[kPerch]));
}

DrawnPicture DrawScene(const SceneFacts& facts, int side, uint64_t key) {
  RandomStream random(key);
  Painter painter(side);
  DrawBackground(painter, random);
  const double unit = side / 76.0;
  const Branch branch = DrawBranch(painter, facts[kPerch], random);
  std::vector<Box> boxes;
  BirdPoints points;
  // From right to left, so that the points of the left bird stay.
  for (const size_t first : {kRightBody, kLeftBody}) {
    const double middle = first == kLeftBody ? kLeftMiddle : kRightMiddle;
    const double x = unit * (middle + Jitter(random, .5));
    if (facts[first] == kAbsent) {
      boxes.push_back(DrawThings(painter, branch, x, facts, random));
      continue;
    }
    const Pose pose = PerchedPose(branch, x, facts[first + kSceneLooks], unit, random);
    const int body = facts[first + kSceneBody];
    DrawFigure(painter, pose, {body, facts[first + kSceneWings], body, body}, random);
    boxes.push_back(BoxOf(pose, side));
    points = PointsOf(pose);
  }
  AddGrain(painter, random);
  return {painter.Finish(), Around(boxes[0], boxes[1]), points};
}

}  // namespace helio::dataio
