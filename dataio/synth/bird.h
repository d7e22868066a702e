#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "dataio/image.h"

namespace helio::dataio {

// The parts of a drawn bird that captions name, and the colours they come in.
enum BirdPart { kHead, kWing, kBelly, kBody };
inline constexpr std::array<std::string_view, 4> kPartNames = {"head", "wing", "belly", "body"};
inline constexpr std::array<std::string_view, 8> kColourNames = {"black",  "white", "red",  "orange",
                                                                 "yellow", "green", "blue", "purple"};

// A class of birds: the colour (index into kColourNames) of each part (BirdPart).
using BirdColours = std::array<int, 4>;

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

struct DrawnBird {
  Image image;
  Box box;            // around the whole bird
  BirdPoints points;  // of a bird that looks to the right, the right eye and wing are seen
};

// How birds may stand.
struct BirdStance {
  bool any_facing = true;  // to the left or to the right at random; else to the right
  bool any_place = false;  // of any size anywhere in the picture; else they fill it
};

// Draws a bird on a perch before a soft background, `side` pixels square, antialiased. Pose, size, shades and
// background are a function of `key`.
DrawnBird DrawBird(const BirdColours& colours, int side, uint64_t key, const BirdStance& stance = {});

}  // namespace helio::dataio
