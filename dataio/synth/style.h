#pragma once
#include <string>

#include "dataio/image.h"

namespace helio::dataio {

// In what light the drawn birds are shown: the same bird at the same place, so that a picture of one style
// has its true counterpart in the other.
enum class DrawnStyle {
  kDay,
  kNight,  // dark and bluish, with half of the colours' strength
};

// "day" or "night"; throws Error{kUser} for others.
DrawnStyle DrawnStyleOf(const std::string& name);

// A finished drawing in that style. Deterministic.
Image InStyle(Image image, DrawnStyle style);

}  // namespace helio::dataio
