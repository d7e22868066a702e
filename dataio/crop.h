#pragma once
#include <cstdint>
#include <optional>

namespace helio::dataio {

// The square that training sees of a picture, and whether it is shown mirrored.
struct Window {
  int left = 0, top = 0, side = 0;
  bool mirrored = false;
};

// A random place, and mirrored half of the time where `may_mirror`: a function of `key`; without it the
// centre. Throws Error{kData} where the picture is smaller than the window.
Window ChooseWindow(int width, int height, int side, std::optional<uint64_t> key, bool may_mirror = true);

// Copies the window, as it lies in the picture, to `target`, side * side * 3 bytes. `rows` are RGB rows of
// `width` pixels, the first of them the window's top one.
void CopyWindow(const uint8_t* rows, int width, const Window& window, uint8_t* target);

}  // namespace helio::dataio
