#pragma once
#include <span>
#include <vector>

#include "dataio/batch.h"

namespace helio::dataio {

// Moves a batch to `device` and fills its pictures there from the stored ones, which are let go: one byte a
// value goes over the bus; mirroring and scaling are the device's work, on its current stream. The lengths of
// captions stay on the host. `needs`: one a domain.
void Upload(Batch& batch, std::span<const DomainNeeds> needs, torch::Device device, torch::Dtype dtype);
inline void Upload(Batch& batch, const DomainNeeds& needs, torch::Device device, torch::Dtype dtype) {
  Upload(batch, std::span(&needs, 1), device, dtype);
}

// 8-bit pictures {B, 3, s, s} of the largest side to `sides`, float32 in [-1, 1], antialiased as Pillow's
// resize, on the device of the pictures.
std::vector<torch::Tensor> Pyramid(const torch::Tensor& pictures, const std::vector<int64_t>& sides);

}  // namespace helio::dataio
