#include "dataio/upload.h"

#include "dataio/reduction_weights.h"
#include "src/base/to_device.h"

namespace helio::dataio {
namespace {

// Antialiased, in steps of 1 of 255 as Pillow gives them; the same bytes on every device.
torch::Tensor Reduced(const torch::Tensor& pictures, int64_t side) {
  if (pictures.is_cpu()) return at::_upsample_bilinear2d_aa(pictures, {side, side}, false);
  return ReducedByMatrices(pictures, side);
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

namespace {

std::vector<torch::Tensor> UploadPictures(StoredPictures& stored, const std::vector<int64_t>& sides,
                                          torch::Device device, torch::Dtype dtype) {
  if (!stored.pixels.defined()) return {};
  auto pictures = ToDevice(stored.pixels, device);
  if (stored.mirrored.any().item<bool>())  // on the host; an evaluation mirrors none
    pictures =
        torch::where(ToDevice(stored.mirrored, device).view({-1, 1, 1, 1}), pictures.flip({3}), pictures);
  auto images = Pyramid(pictures, sides);
  for (auto& image : images) image = image.to(dtype);
  stored = {};
  return images;
}

}  // namespace

void Upload(Batch& batch, std::span<const DomainNeeds> needs, torch::Device device, torch::Dtype dtype) {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < batch.domains.size(); ++i) {
    auto& domain = batch.domains[i];
    domain.images = UploadPictures(domain.stored, needs[i].sides, device, dtype);
    domain.wrong_images = UploadPictures(domain.wrong_stored, needs[i].sides, device, dtype);
    for (auto* tensor : {&domain.captions, &domain.classes, &domain.characters})
      if (tensor->defined()) *tensor = ToDevice(*tensor, device);
    for (auto* tensor : {&domain.boxes, &domain.key_points, &domain.embeddings})
      if (tensor->defined()) *tensor = ToDevice(*tensor, device, dtype);
  }
}

}  // namespace helio::dataio
