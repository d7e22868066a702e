#pragma once
#include <cstdint>
#include <span>

#include "dataio/image.h"

namespace helio::dataio {

// The Exif orientation of a JPEG, 1 (upright) to 8; 1 where there is none or it is damaged. Bounds-checked:
// the bytes are untrusted.
int ExifOrientation(std::span<const uint8_t> jpeg);

// The same of an Exif block by itself, as WebP has it; "Exif\0\0" in front of it is passed over.
int OrientationOfExif(std::span<const uint8_t> exif);

// The picture turned and mirrored so that it is upright.
Image Upright(Image image, int orientation);

}  // namespace helio::dataio
