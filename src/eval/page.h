#pragma once
#include <string>

#include "src/eval/canvas.h"
#include "src/eval/drawn_text.h"

namespace helio::eval {

// What all our pictures look like: a light page with a title, and white cards on it.
namespace page {
inline constexpr Rgb kBackground{243, 243, 240};
inline constexpr Rgb kCard{255, 255, 255};
inline constexpr Rgb kEdge{218, 218, 213};
inline constexpr Rgb kInk{36, 40, 48};
inline constexpr Rgb kSoft{120, 124, 132};
inline constexpr int64_t kMargin = 24;   // around the page
inline constexpr int64_t kPadding = 14;  // inside a card
inline constexpr int64_t kGap = 16;      // between cards
inline constexpr int64_t kBetween = 8;   // between pictures

inline const TextStyle kTitle{15, kInk, true};
inline const TextStyle kSubtitle{10, kSoft, false};
inline const TextStyle kCaption{10.5, kInk, false};
inline const TextStyle kLabel{8, kSoft, false};
}  // namespace page

// Height of the title block, 0 where both lines are empty.
int64_t HeaderHeight(const std::string& title, const std::string& subtitle);
void DrawHeader(Canvas& canvas, const std::string& title, const std::string& subtitle);
void DrawCard(Canvas& canvas, int64_t x, int64_t y, int64_t width, int64_t height);
// "64 px".
std::string SideLabel(int64_t side);
// Text centred over [x, x + width], cut with dots where it is too long.
void DrawCentred(Canvas& canvas, int64_t x, int64_t width, double baseline, const std::string& text,
                 const TextStyle& style);

}  // namespace helio::eval
