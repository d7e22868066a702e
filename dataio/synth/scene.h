#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataio/synth/drawing.h"
#include "dataio/synth/palette.h"

namespace helio::dataio {

// What captions of a scene may name. A scene has a bird on each side, or a bird on one side and one to three
// equal things on the other, all on a perch.
enum ScenePart {
  kLeftBody,
  kLeftWings,
  kLeftLooks,
  kRightBody,
  kRightWings,
  kRightLooks,
  kThings,
  kThingsColour,
  kCount,
  kPerch,
  kSceneParts
};
inline constexpr std::array<std::string_view, kSceneParts> kScenePartNames = {
    "left_body",   "left_wings", "left_looks",    "right_body", "right_wings",
    "right_looks", "things",     "things_colour", "count",      "perch"};
// Places of a bird's parts behind its first one, kLeftBody or kRightBody.
enum SceneBirdPart { kSceneBody, kSceneWings, kSceneLooks };

// The values that these have: colours (index into kColourNames), then others.
enum SceneValue {
  kLooksLeft = kColourNames.size(),
  kLooksRight,
  kOneThing,
  kTwoThings,
  kThreeThings,
  kBalls,
  kFlowers,
  kAbsent,  // not there; of the perch: of wood, which captions do not name
  kSceneValues
};
inline constexpr std::array<std::string_view, kSceneValues> kSceneValueNames = {
    "black", "white", "red", "orange", "yellow", "green", "blue",   "purple",
    "left",  "right", "one", "two",    "three",  "ball",  "flower", "none"};

inline std::string NameOfValue(int value) {
  return std::string(kSceneValueNames[static_cast<size_t>(value)]);
}

// Per part (ScenePart): its value.
using SceneFacts = std::array<int, kSceneParts>;

// The scene of four colours: of body and wings of two birds, left and right, or of body and wings of a bird,
// of the things and of the perch. All else is a function of `key`.
SceneFacts MakeScene(const std::array<int, 4>& colours, bool two_birds, uint64_t key);

// "red_blue_left_beside_two_white_ball_on_black": bodies, wings and where they look, from left to right.
// Different facts have different names.
std::string SceneName(const SceneFacts& facts);

// Draws it `side` pixels square, antialiased. Places, sizes, shades and background are a function of `key`.
// The box is around birds and things; the key points are those of the bird, of two of the left one. What
// stands on one side does not touch the other; in every crop of 64/76 of the side its middle is in its own
// half.
DrawnPicture DrawScene(const SceneFacts& facts, int side, uint64_t key);

}  // namespace helio::dataio
