#include "dataio/upload.h"

namespace helio::dataio {
namespace {

// Antialiased, in steps of 1 of 255 as Pillow gives them.
torch::Tensor Reduced(const torch::Tensor& pictures, int64_t side) {
  if (pictures.is_cpu()) return at::_upsample_bilinear2d_aa(pictures, {side, side}, false);
  return at::_upsample_bilinear2d_aa(pictures.to(torch::kFloat32), {side, side}, false).round_();
}

}  // namespace

std::vector<torch::Tensor> Pyramid(const torch::Tensor& pictures, const std::vector<int64_t>& sides) {
  std::vector<torch::Tensor> images;
  for (const int64_t side : sides) {
    const auto scaled = side == pictures.size(2) ? pictures : Reduced(pictures, side);
    images.push_back(scaled.to(torch::kFloat32).div_(255).sub_(0.5).div_(0.5));
  }
  return images;
}

void Upload(Batch& batch, const std::vector<int64_t>& sides, torch::Device device, torch::Dtype dtype) {
  const torch::NoGradGuard no_grad;
  auto pictures = batch.pictures.to(device, /*non_blocking=*/true);
  if (batch.mirrored.any().item<bool>())  // on the host; an evaluation mirrors none
    pictures = torch::where(batch.mirrored.to(device).view({-1, 1, 1, 1}), pictures.flip({3}), pictures);
  batch.images = Pyramid(pictures, sides);
  batch.pictures = batch.mirrored = torch::Tensor();
  for (auto& image : batch.images) image = image.to(dtype);
  for (auto* tensor : {&batch.captions, &batch.caption_lengths, &batch.classes}) *tensor = tensor->to(device);
}

}  // namespace helio::dataio
