#pragma once
#include <string>

#include "dataio/image.h"

// Decoders of one format each, behind DecodeImage (dataio/image.h). All throw Error{kData} naming `where`,
// and are thread-safe.
namespace helio::dataio {

// Throws unless a picture may be so large: a decompression bomb is larger.
void CheckImageSize(int64_t width, int64_t height, const std::string& where);

// {height * width} pixels of red, green, blue, alpha, laid over white.
Image OverWhite(const std::vector<uint8_t>& rgba, int width, int height);

// Exif orientation applied. `mended` (may be null): whether stray bytes outside of all segments were skipped,
// which loses nothing of the picture. Missing data are an error.
Image DecodeJpeg(std::span<const uint8_t> bytes, const std::string& where, bool* mended);

// Lossy or lossless, alpha over white, Exif orientation applied. Animations are refused.
Image DecodeWebP(std::span<const uint8_t> bytes, const std::string& where);

}  // namespace helio::dataio
