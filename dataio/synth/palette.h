#pragma once
#include <array>
#include <string_view>

#include "dataio/synth/painter.h"
#include "src/base/random.h"

namespace helio::dataio {

// The colours that captions name.
inline constexpr std::array<std::string_view, 8> kColourNames = {"black",  "white", "red",  "orange",
                                                                 "yellow", "green", "blue", "purple"};

// Uniform in [-amplitude, amplitude).
double Jitter(RandomStream& random, double amplitude);

// A shade of a colour (index into kColourNames).
Paint Shade(int colour, RandomStream& random);
Paint Pastel(RandomStream& random);
Paint Wood(RandomStream& random);

// The edge of a shape in this paint.
Paint Darker(const Paint& paint);

}  // namespace helio::dataio
