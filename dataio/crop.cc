#include "dataio/crop.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "src/base/error.h"
#include "src/base/random.h"

namespace helio::dataio {

Window ChooseWindow(int width, int height, int side, std::optional<uint64_t> key, bool may_mirror) {
  if (std::min(width, height) < side)
    ThrowData("a picture of " + std::to_string(width) + " x " + std::to_string(height) +
                  " pixels is too small for a crop of " + std::to_string(side),
              "", "pack the data set again");
  if (!key) return {(width - side) / 2, (height - side) / 2, side, false};
  RandomStream random(*key);
  Window window{0, 0, side, false};
  window.left = static_cast<int>(random.Below(width - side + 1));
  window.top = static_cast<int>(random.Below(height - side + 1));
  window.mirrored = may_mirror && random.Below(2) == 1;
  return window;
}

std::array<float, 2> View::Shown(const std::array<float, 2>& source) const {
  const auto side = static_cast<float>(window_.side);
  const float x = (source[0] - region_[0]) / region_[2] * static_cast<float>(stored_[0]);
  const float y = (source[1] - region_[1]) / region_[3] * static_cast<float>(stored_[1]);
  const float shown = (x - static_cast<float>(window_.left)) / side;
  return {window_.mirrored ? 1 - shown : shown, (y - static_cast<float>(window_.top)) / side};
}

void CopyWindow(const uint8_t* rows, int width, const Window& window, uint8_t* target) {
  const auto bytes = static_cast<size_t>(window.side) * 3;
  for (int y = 0; y < window.side; ++y)
    std::memcpy(
        target + static_cast<size_t>(y) * bytes,
        rows + (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(window.left)) * 3,
        bytes);
}

}  // namespace helio::dataio
