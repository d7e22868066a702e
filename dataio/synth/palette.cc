#include "dataio/synth/palette.h"

#include <algorithm>

namespace helio::dataio {
namespace {

constexpr Paint kPaints[] = {{.08, .08, .10}, {.96, .96, .95}, {.84, .11, .12}, {.95, .53, .10},
                             {.97, .87, .15}, {.13, .55, .20}, {.15, .32, .83}, {.53, .20, .66}};

}  // namespace

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

Paint Wood(RandomStream& random) { return {.36 + Jitter(random, .06), .24 + Jitter(random, .04), .14}; }

Paint Darker(const Paint& paint) { return Mix(paint, {0, 0, 0}, .25); }

}  // namespace helio::dataio
