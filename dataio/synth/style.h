#pragma once
#include "dataio/image.h"
#include "src/base/enum_names.h"

namespace helio::dataio {

// In what light the drawn birds are shown: the same bird at the same place, so that a picture of one style
// has its true counterpart in the other.
enum class DrawnStyle {
  kDay,
  kNight,  // dark and bluish, with half of the colours' strength
};
inline constexpr Named<DrawnStyle> kDrawnStyles[] = {{DrawnStyle::kDay, "day"},
                                                     {DrawnStyle::kNight, "night"}};

// A finished drawing in that style. Deterministic.
Image InStyle(Image image, DrawnStyle style);

}  // namespace helio::dataio
