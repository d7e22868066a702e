#pragma once
#include <cstdint>

#include "dataio/synth/figure.h"

namespace helio::dataio {

// How birds may stand.
struct BirdStance {
  bool any_facing = true;  // to the left or to the right at random; else to the right
  bool any_place = false;  // of any size anywhere in the picture; else they fill it
};

// Draws a bird on a perch before a soft background, `side` pixels square, antialiased. Pose, size, shades and
// background are a function of `key`.
DrawnPicture DrawBird(const BirdColours& colours, int side, uint64_t key, const BirdStance& stance = {});

}  // namespace helio::dataio
