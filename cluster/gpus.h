#pragma once
#include <c10/core/Device.h>

#include <string>

namespace helio::cluster {

// GPUs that this process may use; 0 without a driver.
int VisibleGpus();
// The 16 bytes of the visible GPU's UUID; empty where none or several are visible.
std::string OnlyGpu();

// Makes a GPU the calling thread's current one: otherwise its first CUDA call makes a context on GPU 0.
// Nothing for the CPU. Throws Error{kUser} where the GPU is older than our kernels.
void MakeCurrent(const c10::Device& device);

}  // namespace helio::cluster
