#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "dataio/image.h"

namespace helio::dataio {

struct Box {
  double x = 0, y = 0, width = 0, height = 0;  // pixels, from the upper left
};

// CUB's key points, in its order.
inline constexpr std::array<std::string_view, 15> kPointNames = {
    "back",      "beak", "belly",     "breast",    "crown",      "forehead", "left eye", "left leg",
    "left wing", "nape", "right eye", "right leg", "right wing", "tail",     "throat"};

struct BirdPoint {
  double x = 0, y = 0;  // pixels; zeros where it is not visible
  bool visible = false;
};
using BirdPoints = std::array<BirdPoint, kPointNames.size()>;

struct DrawnPicture {
  Image image;
  Box box;            // around what captions speak of
  BirdPoints points;  // of a bird that looks to the right, the right eye and wing are seen
};

struct DrawnCaption {
  std::string text;        // lower case, at most 18 words
  std::vector<int> asked;  // per part: the value that the text names, -1 where it does not name the part
};

}  // namespace helio::dataio
