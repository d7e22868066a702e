#include "dataio/synth/bird.h"

#include <algorithm>

#include "dataio/synth/backdrop.h"
#include "dataio/synth/palette.h"

namespace helio::dataio {
namespace {

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

void DrawPerch(Painter& painter, const Pose& pose, RandomStream& random) {
  const Paint wood = Wood(random);
  const double y = pose.At(0, kFeet).y, slope = Jitter(random, .06) * painter.side();
  painter.Line({-2.0, y - slope}, {painter.side() + 2.0, y + slope}, pose.scale * (2.4 + random.Unit()),
               wood);
}

}  // namespace

DrawnPicture DrawBird(const BirdColours& colours, int side, uint64_t key, const BirdStance& stance) {
  RandomStream random(key);
  Painter painter(side);
  Pose pose = DrawPose(random, side);
  if (!stance.any_facing) pose.facing = 1;
  if (stance.any_place) Move(pose, side, key);
  DrawBackground(painter, random);
  DrawPerch(painter, pose, random);
  DrawFigure(painter, pose, colours, random);
  AddGrain(painter, random);
  return {painter.Finish(), BoxOf(pose, side), PointsOf(pose)};
}

}  // namespace helio::dataio
