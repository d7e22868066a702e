#pragma once
#include "src/base/tensor.h"

namespace helio {

// A host tensor on `device`, as `dtype`, queued on the current stream: through pinned memory, so that the
// host goes on at once. On the CPU, or of a tensor that is there already, what Tensor::to gives.
torch::Tensor ToDevice(const torch::Tensor& tensor, torch::Device device, torch::Dtype dtype);
inline torch::Tensor ToDevice(const torch::Tensor& tensor, torch::Device device) {
  return ToDevice(tensor, device, tensor.scalar_type());
}

}  // namespace helio
