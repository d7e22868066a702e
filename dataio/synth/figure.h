#pragma once
#include <array>
#include <string_view>

#include "dataio/synth/drawing.h"
#include "dataio/synth/painter.h"
#include "src/base/random.h"

namespace helio::dataio {

// The parts of a drawn bird.
enum BirdPart { kHead, kWing, kBelly, kBody };
inline constexpr std::array<std::string_view, 4> kPartNames = {"head", "wing", "belly", "body"};

// The colour (index into kColourNames) of each part (BirdPart).
using BirdColours = std::array<int, 4>;

// Where a perch passes below a bird, in its own coordinates.
constexpr double kFeet = 25;

// How this bird stands: maps the bird's own coordinates (facing right, units of 1/76 of the side) to pixels.
struct Pose {
  Point centre;
  double scale, tilt, facing;  // facing: +1 right, -1 left

  Point At(double x, double y) const;
  double Tilt(double own) const { return facing * (own + tilt); }
};

// Tail, legs, body, wing and head.
void DrawFigure(Painter& painter, const Pose& pose, const BirdColours& colours, RandomStream& random);

// Around the whole bird, in a picture of `side` pixels.
Box BoxOf(const Pose& pose, int side);

BirdPoints PointsOf(const Pose& pose);

}  // namespace helio::dataio
