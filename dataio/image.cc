#include "dataio/image.h"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>

#include "dataio/decoders.h"
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

}  // namespace

void CheckImageSize(int64_t width, int64_t height, const std::string& where) {
  if (width <= 0 || height <= 0 || width * height > kMaxPixels)
    ThrowData(
        "image of " + std::to_string(width) + " x " + std::to_string(height) + " pixels is not plausible",
        where);
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

namespace {

// A PNG's parts behind its signature: `see` is given each one's name and all its bytes (length, name, data,
// checksum). What stands behind a damaged length is not seen.
template <typename See>
void ForEachChunk(std::span<const uint8_t> png, const See& see) {
  constexpr size_t kSignature = 8, kFrame = 12;
  for (size_t at = kSignature; at + kFrame <= png.size();) {
    const size_t length =
        static_cast<size_t>(png[at]) << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
    if (length > png.size() - at - kFrame) return see(std::string_view(), png.subspan(at));
    see(std::string_view(reinterpret_cast<const char*>(&png[at + 4]), 4), png.subspan(at, length + kFrame));
    at += length + kFrame;
  }
}

// libpng's simple interface would turn values of a picture with a gamma or a profile into sRGB's; image
// programs take them as they are.
std::vector<uint8_t> WithoutColourSpace(std::span<const uint8_t> png) {
  std::vector<uint8_t> kept(png.begin(), png.begin() + std::min<ptrdiff_t>(8, std::ssize(png)));
  ForEachChunk(png, [&](std::string_view name, std::span<const uint8_t> chunk) {
    for (const char* left_out : {"gAMA", "cHRM", "iCCP", "sRGB", "cICP"})
      if (name == left_out) return;
    kept.insert(kept.end(), chunk.begin(), chunk.end());
  });
  return kept;
}

int PngOrientation(std::span<const uint8_t> png) {
  int orientation = 1;
  ForEachChunk(png, [&](std::string_view name, std::span<const uint8_t> chunk) {
    if (name == "eXIf") orientation = OrientationOfExif(chunk.subspan(8, chunk.size() - 12));
  });
  return orientation;
}

Image DecodePng(std::span<const uint8_t> file, const std::string& where) {
  const auto bytes = WithoutColourSpace(file);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0)
    ThrowData(std::string("PNG does not decode: ") + png.message, where);
  const std::unique_ptr<png_image, void (*)(png_image*)> release(&png, png_image_free);
  CheckImageSize(png.width, png.height, where);
  png.flags |=
      PNG_IMAGE_FLAG_16BIT_sRGB;  // libpng takes 16 bits for linear light otherwise; nobody means that
  png.format = PNG_FORMAT_RGBA;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr) == 0)
    ThrowData(std::string("PNG does not decode: ") + png.message, where);
  return Upright(OverWhite(pixels, static_cast<int>(png.width), static_cast<int>(png.height)),
                 PngOrientation(file));
}

bool Begins(std::span<const uint8_t> bytes, std::string_view with, size_t at = 0) {
  return bytes.size() >= at + with.size() && std::memcmp(bytes.data() + at, with.data(), with.size()) == 0;
}

// Without a byte-order mark and blank lines, as pages may begin.
std::span<const uint8_t> WithoutBlanks(std::span<const uint8_t> text) {
  if (Begins(text, "\xEF\xBB\xBF")) text = text.subspan(3);
  while (!text.empty() && std::isspace(text[0])) text = text.subspan(1);
  return text;
}

// What servers send in a picture's place, with status 200: there is nothing in it to convert.
void RefusePage(std::span<const uint8_t> bytes, const std::string& where) {
  const auto text = WithoutBlanks(bytes);
  const std::string_view begin(reinterpret_cast<const char*>(text.data()),
                               std::min<size_t>(text.size(), 1024));
  if (begin.find("<svg") != std::string_view::npos) ThrowData("is an SVG", where, "convert it");
  for (const auto& [begins, is] : {std::pair("<", "a page of HTML or XML"), std::pair("{", "a text of JSON")})
    if (begin.starts_with(begins))
      ThrowData(std::string("is ") + is + ", not the picture", where, "download it again");
}

// What else people have under a picture's name.
[[noreturn]] void RefuseFormat(std::span<const uint8_t> bytes, const std::string& where) {
  if (bytes.empty()) ThrowData("is empty", where, "copy it again");
  if (Begins(bytes, "version https://git-lfs"))
    ThrowData("is a pointer of Git LFS, not the picture", where, "git lfs pull");
  RefusePage(bytes, where);
  const std::pair<std::string_view, const char*> known[] = {
      {"BM", "a BMP"}, {"GIF8", "a GIF"}, {"II*", "a TIFF"}, {"MM", "a TIFF"}};
  std::string is;
  for (const auto& [begin, name] : known)
    if (Begins(bytes, begin)) is = std::string(" but ") + name;
  ThrowData("is neither a JPEG nor a PNG nor a WebP" + is, where, "convert it");
}

}  // namespace

Image DecodeImage(std::span<const uint8_t> bytes, const std::string& where, bool* mended) {
  if (mended) *mended = false;
  if (Begins(bytes, "\x89PNG")) return DecodePng(bytes, where);
  if (Begins(bytes, "RIFF") && Begins(bytes, "WEBP", 8)) return DecodeWebP(bytes, where);
  if (Begins(bytes, "\xFF\xD8")) return DecodeJpeg(bytes, where, mended);
  RefuseFormat(bytes, where);
}

std::vector<uint8_t> EncodeJpeg(const Image& image, int quality) {
  const Turbo turbo(tjInitCompress());
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  const int status = tjCompress2(turbo.get(), image.pixels.data(), image.width, 0, image.height, TJPF_RGB,
                                 &buffer, &size, TJSAMP_444, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> release(buffer, tjFree);
  if (status != 0) ThrowData(std::string("cannot be made a JPEG: ") + tjGetErrorStr2(turbo.get()));
  return {buffer, buffer + size};
}

void CheckNotThin(const Image& image, int64_t side, int64_t most, const std::string& where) {
  const int64_t longer = std::max(image.width, image.height), shorter = std::min(image.width, image.height);
  if (longer * side / shorter > most)
    ThrowData("is too thin: " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                  " pixels have a longer side of " + std::to_string(longer * side / shorter) +
                  " where the shorter one is " + std::to_string(side) + ", and " + std::to_string(most) +
                  " is the most",
              where, "crop it, or leave it out");
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
