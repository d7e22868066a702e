#pragma once
#include <array>
#include <cstdint>
#include <optional>

namespace helio::dataio {

// The square that training sees of a picture, and whether it is shown mirrored.
struct Window {
  int left = 0, top = 0, side = 0;
  bool mirrored = false;
};

// A window of `side` at a random place, mirrored half of the time where `may_mirror`: a function of `key`.
// Without a key the centre, not mirrored. Throws Error{kData} where the picture is smaller than the window.
Window ChooseWindow(int width, int height, int side, std::optional<uint64_t> key, bool may_mirror = true);

// Maps points of a source picture to where they are in what training shows of it.
class View {
 public:
  // `region`: x, y, width, height of the part of the source that was stored, source pixels; `stored`: width
  // and height of the stored picture; `window`: what is shown of that.
  View(const std::array<float, 4>& region, const std::array<int, 2>& stored, const Window& window)
      : region_(region), stored_(stored), window_(window) {}

  // A point in source pixels, in units of the shown square's side; mirrored with the picture.
  std::array<float, 2> Shown(const std::array<float, 2>& source) const;

 private:
  std::array<float, 4> region_;
  std::array<int, 2> stored_;
  Window window_;
};

// Copies the window, as it lies in the picture, to `target`, side * side * 3 bytes. `rows` are RGB rows of
// `width` pixels, the first of them the window's top one.
void CopyWindow(const uint8_t* rows, int width, const Window& window, uint8_t* target);

}  // namespace helio::dataio
