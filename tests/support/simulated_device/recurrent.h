#pragma once
namespace sim {
// Recurrent layers on the device: fused cells, which exist for CUDA only, and what cuDNN refuses.
void InstallRecurrent();
}  // namespace sim
