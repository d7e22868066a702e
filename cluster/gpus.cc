#include "cluster/gpus.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAFunctions.h>

#include "src/base/error.h"
#include "src/base/tensor.h"

namespace helio::cluster {

int VisibleGpus() { return c10::cuda::device_count(); }

std::string OnlyGpu() {
  if (VisibleGpus() != 1) return "";
  const auto& uuid = at::cuda::getDeviceProperties(0)->uuid;
  return {uuid.bytes, sizeof uuid.bytes};
}

void MakeCurrent(const c10::Device& device) {
  if (!device.is_cuda()) return;
  constexpr int kLeast = 75;  // Turing: what the wheels of CUDA 13 have kernels for
  const auto* card = at::cuda::getDeviceProperties(device.index());
  if (10 * card->major + card->minor < kLeast)
    ThrowUser("GPU " + std::to_string(device.index()) + " (" + card->name + ") has compute capability " +
                  std::to_string(card->major) + "." + std::to_string(card->minor) + ", and 7.5 is the least",
              "--device", "compute on CPUs with --device=cpu, or hide it with CUDA_VISIBLE_DEVICES");
  c10::cuda::set_device(device.index());
}

}  // namespace helio::cluster
