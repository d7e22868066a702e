#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "dataio/decoders.h"
#include "dataio/exif.h"
#include "src/base/error.h"

namespace helio::dataio {
namespace {

int WebPOrientation(std::span<const uint8_t> bytes) {
  const WebPData data{bytes.data(), bytes.size()};
  const std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)> parts(WebPDemux(&data), &WebPDemuxDelete);
  WebPChunkIterator chunk;
  if (!parts || !WebPDemuxGetChunk(parts.get(), "EXIF", 1, &chunk)) return 1;
  const int orientation = OrientationOfExif({chunk.chunk.bytes, chunk.chunk.size});
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace

Image DecodeWebP(std::span<const uint8_t> bytes, const std::string& where) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK)
    ThrowData("WebP does not decode: its header is damaged", where);
  if (features.has_animation) ThrowData("is an animated WebP", where, "save one picture of it");
  CheckImageSize(features.width, features.height, where);
  const int width = features.width, height = features.height;
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * height * 4);
  if (!WebPDecodeRGBAInto(bytes.data(), bytes.size(), pixels.data(), pixels.size(), 4 * width))
    ThrowData("WebP does not decode: it is damaged or truncated", where);
  return Upright(OverWhite(pixels, width, height), WebPOrientation(bytes));
}

}  // namespace helio::dataio
