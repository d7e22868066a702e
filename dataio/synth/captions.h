#pragma once
#include <array>
#include <string>

#include "dataio/synth/bird.h"

namespace helio::dataio {

struct BirdCaption {
  std::string text;          // lower case, at most 18 words
  std::array<int, 4> asked;  // per part: the colour that the text names, -1 where it does not name the part
};

// A caption of a bird of these colours: a function of `key`. Names two, three or four parts with
// probabilities .05, .20, .75, always in their true colours.
BirdCaption DescribeBird(const BirdColours& colours, uint64_t key);

}  // namespace helio::dataio
