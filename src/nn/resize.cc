#include "src/nn/resize.h"

#include "src/base/precision.h"

namespace helio::nn {
namespace {

// {to, from}: row i has the shares of the pixels that pixel i lies between.
torch::Tensor Shares(int64_t from, int64_t to, const torch::TensorOptions& like) {
  const auto options = like.dtype(torch::kFloat64);
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const auto place =
      ((torch::arange(to, options) + 0.5) * step - 0.5).clamp(0, static_cast<double>(from - 1));
  return (1 - (place.unsqueeze(1) - torch::arange(from, options)).abs()).relu().to(like.dtype());
}

}  // namespace

torch::Tensor ResizeByProducts(const torch::Tensor& images, int64_t height, int64_t width) {
  const FullPrecision exact;
  const auto values = Exact(images);
  const auto across = torch::matmul(values, Shares(values.size(3), width, values.options()).t());
  return torch::matmul(Shares(values.size(2), height, values.options()), across).to(images.scalar_type());
}

torch::Tensor ResizeBilinear(const torch::Tensor& images, int64_t height, int64_t width) {
  if (images.size(2) == height && images.size(3) == width) return images;
  if (images.is_cuda()) return ResizeByProducts(images, height, width);
  return torch::upsample_bilinear2d(images, {height, width}, /*align_corners=*/false);
}

}  // namespace helio::nn
