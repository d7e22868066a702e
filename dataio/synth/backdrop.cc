#include "dataio/synth/backdrop.h"

#include "dataio/synth/palette.h"

namespace helio::dataio {

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

void AddGrain(Painter& painter, RandomStream& random) {
  for (int y = 0; y < painter.side(); ++y)
    for (int x = 0; x < painter.side(); ++x) {
      const double grain = Jitter(random, .012);
      Paint& paint = painter.At(x, y);
      paint = {paint.r + grain, paint.g + grain, paint.b + grain};
    }
}

}  // namespace helio::dataio
