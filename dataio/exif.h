#pragma once
#include <cstdint>
#include <span>

#include "dataio/image.h"

namespace helio::dataio {

// The orientation in an Exif block, 1 (upright) to 8; 1 where there is none or the block is damaged.
// "Exif\0\0" in front of it, as JPEG has it, is skipped. Bounds-checked: the bytes are untrusted.
int OrientationOfExif(std::span<const uint8_t> exif);

// The picture turned and mirrored so that it is upright.
Image Upright(Image image, int orientation);

}  // namespace helio::dataio
