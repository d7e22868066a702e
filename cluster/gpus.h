#pragma once
#include <c10/core/Device.h>

#include <string>

namespace helio::cluster {

// GPUs that this process may use; 0 without a driver.
int VisibleGpus();
// The UUID's 16 bytes of the one that is visible; empty where there are none or several.
std::string OnlyGpu();

// Makes a GPU the calling thread's current one: otherwise its first CUDA call makes a context on GPU 0.
// Nothing for the CPU. Throws Error{kUser} where the GPU is older than our kernels.
void MakeCurrent(const c10::Device& device);

}  // namespace helio::cluster
