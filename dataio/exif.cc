#include "dataio/exif.h"

#include <cstring>

namespace helio::dataio {
namespace {

// Big- or little-endian reads that answer 0 beyond the end.
struct TiffReader {
  std::span<const uint8_t> bytes;
  bool little = false;

  uint32_t At(size_t position, size_t size) const {
    if (position > bytes.size() || bytes.size() - position < size) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i)
      value |= static_cast<uint32_t>(bytes[position + i]) << 8 * (little ? i : size - 1 - i);
    return value;
  }
};

// Bytes of a whole number of this TIFF type; 0: it is of another kind.
size_t SizeOfType(uint32_t type) {
  constexpr uint32_t kByte = 1, kShort = 3, kLong = 4;
  return type == kByte ? 1 : type == kShort ? 2 : type == kLong ? 4 : 0;
}

int OrientationOfTiff(std::span<const uint8_t> tiff) {
  TiffReader reader{tiff};
  reader.little = reader.At(0, 2) == 0x4949;
  const size_t directory = reader.At(4, 4);
  const uint32_t entries = reader.At(directory, 2);
  for (uint32_t i = 0; i < entries && i < 512; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (reader.At(entry, 2) != 0x0112) continue;
    // Most write a SHORT, as the standard has it; some a LONG, which readers turn by, too.
    const uint32_t value = reader.At(entry + 8, SizeOfType(reader.At(entry + 2, 2)));
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image Transposed(const Image& image) {
  Image result(image.height, image.width);
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x) std::memcpy(result.row(y) + 3 * x, image.row(x) + 3 * y, 3);
  return result;
}

void MirrorRows(Image& image) {
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width / 2; ++x)
      std::swap_ranges(image.row(y) + 3 * x, image.row(y) + 3 * x + 3,
                       image.row(y) + 3 * (image.width - 1 - x));
}

void FlipUpsideDown(Image& image) {
  for (int y = 0; y < image.height / 2; ++y)
    std::swap_ranges(image.row(y), image.row(y) + 3 * image.width, image.row(image.height - 1 - y));
}

}  // namespace

int OrientationOfExif(std::span<const uint8_t> exif) {
  const bool headed = exif.size() >= 6 && std::memcmp(exif.data(), "Exif\0\0", 6) == 0;
  return OrientationOfTiff(exif.subspan(headed ? 6 : 0));
}

Image Upright(Image image, int orientation) {
  if (orientation >= 5) image = Transposed(image);
  const bool mirror = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool flip = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  if (mirror) MirrorRows(image);
  if (flip) FlipUpsideDown(image);
  return image;
}

}  // namespace helio::dataio
