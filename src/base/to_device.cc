#include "src/base/to_device.h"

#include "src/base/device_graphs.h"

namespace helio {

torch::Tensor ToDevice(const torch::Tensor& tensor, torch::Device device, torch::Dtype dtype) {
  if (device.is_cpu() || !tensor.is_cpu()) return tensor.to(device, dtype);
  // A captured copy reads the same address at each launch, whatever lies there by then.
  CHECK(!device.is_cuda() || !IsCapturing()) << "a captured part of a step takes numbers from the host";
  const auto host = tensor.to(dtype).contiguous(tensor.suggest_memory_format());
  // The pinned memory is used again only after the copy: torch's host allocator notes the stream.
  return (host.is_pinned() ? host : host.pin_memory()).to(device, /*non_blocking=*/true);
}

}  // namespace helio
