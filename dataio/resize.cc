#include <cstring>

#include "dataio/image.h"
#include "src/base/tensor.h"

namespace helio::dataio {
namespace {

torch::Tensor AsTensor(const Image& image) {
  auto* data = const_cast<uint8_t*>(image.pixels.data());
  return torch::from_blob(data, {1, image.height, image.width, 3}, torch::kUInt8).permute({0, 3, 1, 2});
}

}  // namespace

Image Resize(const Image& image, int width, int height) {
  if (width == image.width && height == image.height) return image;
  const auto resized = at::_upsample_bilinear2d_aa(AsTensor(image), {height, width}, false);
  const auto rows = resized.permute({0, 2, 3, 1}).contiguous();
  Image result(width, height);
  std::memcpy(result.pixels.data(), rows.data_ptr(), result.pixels.size());
  return result;
}

Image ResizeShortSide(const Image& image, int side) {
  if (image.width <= image.height)
    return Resize(image, side, static_cast<int>(static_cast<int64_t>(side) * image.height / image.width));
  return Resize(image, static_cast<int>(static_cast<int64_t>(side) * image.width / image.height), side);
}

}  // namespace helio::dataio
