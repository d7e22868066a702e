#pragma once
#include <cstdint>

#include "dataio/synth/figure.h"

namespace helio::dataio {

// A caption of a bird of these colours: a function of `key`. Names two, three or four parts with
// probabilities .05, .20, .75, always in their true colours.
DrawnCaption DescribeBird(const BirdColours& colours, uint64_t key);

}  // namespace helio::dataio
