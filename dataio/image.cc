#include "dataio/image.h"

#include <png.h>
#include <turbojpeg.h>

#include <cstring>
#include <memory>

#include "dataio/exif.h"
#include "src/base/error.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace {

constexpr int64_t kMaxPixels = 1ll << 28;  // a decompression bomb is larger

struct TurboDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, TurboDeleter>;

void CheckSize(int64_t width, int64_t height, const std::string& where) {
  if (width <= 0 || height <= 0 || width * height > kMaxPixels)
    ThrowData(
        "image of " + std::to_string(width) + " x " + std::to_string(height) + " pixels is not plausible",
        where);
}

// Adobe's CMYK JPEGs store inverted values; so 255 is "no ink".
Image CmykToRgb(const std::vector<uint8_t>& cmyk, int width, int height) {
  Image image(width, height);
  for (size_t i = 0; i < static_cast<size_t>(width) * height; ++i)
    for (size_t c = 0; c < 3; ++c)
      image.pixels[3 * i + c] = static_cast<uint8_t>(cmyk[4 * i + c] * cmyk[4 * i + 3] / 255);
  return image;
}

Image DecodeJpeg(std::span<const uint8_t> bytes, const std::string& where) {
  const Turbo turbo(tjInitDecompress());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  const auto fail = [&] {
    ThrowData(std::string("JPEG does not decode: ") + tjGetErrorStr2(turbo.get()), where);
  };
  if (tjDecompressHeader3(turbo.get(), bytes.data(), bytes.size(), &width, &height, &subsampling, &colours) !=
      0)
    fail();
  CheckSize(width, height, where);
  const bool cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  const int format = cmyk ? TJPF_CMYK : TJPF_RGB;
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * height * tjPixelSize[format]);
  const int status = tjDecompress2(turbo.get(), bytes.data(), bytes.size(), pixels.data(), width, 0, height,
                                   format, TJFLAG_ACCURATEDCT);
  // Warnings (a truncated scan filled with grey) are damage too: silently wrong pictures are worse than none.
  if (status != 0) fail();
  if (cmyk) return CmykToRgb(pixels, width, height);
  Image image;
  image.width = width;
  image.height = height;
  image.pixels = std::move(pixels);
  return image;
}

// In the picture's own values, as image programs do it; libpng would mix light.
Image OverWhite(const std::vector<uint8_t>& rgba, int width, int height) {
  Image image(width, height);
  for (size_t i = 0; i < static_cast<size_t>(width) * height; ++i) {
    const int alpha = rgba[4 * i + 3];
    for (size_t c = 0; c < 3; ++c)
      image.pixels[3 * i + c] =
          static_cast<uint8_t>((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return image;
}

Image DecodePng(std::span<const uint8_t> bytes, const std::string& where) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0)
    ThrowData(std::string("PNG does not decode: ") + png.message, where);
  const std::unique_ptr<png_image, void (*)(png_image*)> release(&png, png_image_free);
  CheckSize(png.width, png.height, where);
  png.flags |=
      PNG_IMAGE_FLAG_16BIT_sRGB;  // libpng takes 16 bits for linear light otherwise; nobody means that
  png.format = PNG_FORMAT_RGBA;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr) == 0)
    ThrowData(std::string("PNG does not decode: ") + png.message, where);
  return OverWhite(pixels, static_cast<int>(png.width), static_cast<int>(png.height));
}

}  // namespace

Image DecodeImage(std::span<const uint8_t> bytes, const std::string& where) {
  constexpr uint8_t kPng[] = {0x89, 'P', 'N', 'G'};
  if (bytes.size() >= 4 && std::memcmp(bytes.data(), kPng, 4) == 0) return DecodePng(bytes, where);
  if (bytes.size() >= 2 && bytes[0] == 0xFF && bytes[1] == 0xD8)
    return Upright(DecodeJpeg(bytes, where), ExifOrientation(bytes));
  ThrowData("is neither a JPEG nor a PNG", where, "convert it");
}

std::vector<uint8_t> EncodeJpeg(const Image& image, int quality) {
  const Turbo turbo(tjInitCompress());
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  const int status = tjCompress2(turbo.get(), image.pixels.data(), image.width, 0, image.height, TJPF_RGB,
                                 &buffer, &size, TJSAMP_444, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> release(buffer, tjFree);
  CHECK_EQ(status, 0) << tjGetErrorStr2(turbo.get());
  return {buffer, buffer + size};
}

Image Crop(const Image& image, int left, int top, int right, int bottom) {
  CHECK(0 <= left && left < right && right <= image.width && 0 <= top && top < bottom &&
        bottom <= image.height);
  Image part(right - left, bottom - top);
  for (int y = 0; y < part.height; ++y)
    std::memcpy(part.row(y), image.row(top + y) + 3 * left, static_cast<size_t>(part.width) * 3);
  return part;
}

}  // namespace helio::dataio
