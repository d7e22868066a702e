#include "src/nn/inception_v3_tf.h"

namespace helio::nn {
namespace {

using Pool = InceptionBlockImpl::Pool;

// Along one dimension: between each place's lower and upper neighbour. Places in float32, as they are there.
torch::Tensor Stretched(const torch::Tensor& images, int64_t dimension, int64_t side) {
  const int64_t length = images.size(dimension);
  const auto numbers = images.options().dtype(torch::kFloat32);
  const auto scale = static_cast<float>(static_cast<double>(length) / static_cast<double>(side));
  const auto place = torch::arange(side, numbers) * scale;
  const auto lower = place.to(torch::kInt64);
  const auto share = (place - lower).to(images.dtype());
  const auto from = images.index_select(dimension, lower);
  const auto to = images.index_select(dimension, (lower + 1).clamp_max(length - 1));
  return from + (to - from) * (dimension == 2 ? share.unsqueeze(1) : share);
}

}  // namespace

torch::Tensor ResizeFromCorner(const torch::Tensor& images, int64_t side) {
  return Stretched(Stretched(images.contiguous(), 3, side), 2, side);
}

InceptionV3Tf::InceptionV3Tf() : InceptionV3({.inner = Pool::kAverageInside, .last = Pool::kMaxSame}) {}

// The network's range: (p - 128) / 128 of pixels p from 0 to 255.
ImageFeatures InceptionV3Tf::forward(const torch::Tensor& images) {
  return Features(ResizeFromCorner(images, side()) * (127.5 / 128) - 0.5 / 128);
}

JudgeProtocol InceptionV3Tf::protocol() const {
  return {"tf-compat", "resized to 299 (bilinear from the corner)", /*biased=*/false};
}

JudgeProtocol InceptionV3Fid::protocol() const {
  return {"pytorch-fid", "resized to 299 (bilinear)", /*biased=*/false};
}

}  // namespace helio::nn
