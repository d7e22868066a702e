#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace helio::dataio {

// An RGB picture, 8 bits a channel, rows top to bottom without padding.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  // width * height * 3

  Image() = default;
  Image(int image_width, int image_height)
      : width(image_width),
        height(image_height),
        pixels(static_cast<size_t>(image_width) * image_height * 3) {}
  uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * width * 3; }
  const uint8_t* row(int y) const { return pixels.data() + static_cast<size_t>(y) * width * 3; }
};

// Decodes JPEG (grayscale, CMYK, every subsampling, progressive), PNG (palette, 16 bit) or WebP (lossy,
// lossless) to RGB; Exif orientation applied, alpha over white. Pixels as Pillow's. `mended`, where it is not
// null: whether stray bytes were passed over, by which nothing is lost. Throws Error{kData} naming `where`.
// Thread-safe.
Image DecodeImage(std::span<const uint8_t> bytes, const std::string& where, bool* mended = nullptr);

// The longest side that EncodeJpeg can write.
constexpr int kMaxJpegSide = 65500;

// Baseline JPEG, 4:4:4. Deterministic. Throws Error{kData} beyond kMaxJpegSide. Thread-safe.
std::vector<uint8_t> EncodeJpeg(const Image& image, int quality = 95);

// Pixels [left, right) x [top, bottom), which must lie inside.
Image Crop(const Image& image, int left, int top, int right, int bottom);

// Antialiased bilinear resizing, as Pillow's Image.resize(BILINEAR), within 1 of 255.
Image Resize(const Image& image, int width, int height);

// The shorter side becomes `side`, the other follows (torchvision's Resize(int), truncating).
Image ResizeShortSide(const Image& image, int side);

// To be called before ResizeShortSide, since a thin strip would take gigabytes there. Throws Error{kData}
// naming `where` if the longer side would have more than `most` pixels once the shorter one has `side`.
void CheckNotThin(const Image& image, int64_t side, int64_t most, const std::string& where);

}  // namespace helio::dataio
