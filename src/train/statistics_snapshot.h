#pragma once
#include <string>
#include <vector>

#include "src/base/tensor.h"
#include "src/recipes/system.h"

namespace helio::train {

// Whether a trained part's tensor of that name is one of batch norm's running statistics.
bool IsRunningStatistic(const std::string& name);

// A system's running batch-norm statistics as they were before a step, so that its forward passes can be
// undone. The statistics become views of flat buffers, one for each dtype, so that one copy saves them all.
// Construct it once the networks are on their device. One thread.
class StatisticsSnapshot {
 public:
  explicit StatisticsSnapshot(const recipes::System& system);
  // Saves them as they are now. Does not wait for the device.
  void Keep();
  // Where `usable` {} bool, on the statistics' device, is false: restores what the latest Keep saved.
  // Autograd is not told: graphs that were built in between hold these tensors, but need their values no
  // more. The host reads `usable` on a CPU only.
  void RestoreUnless(const torch::Tensor& usable);

 private:
  struct Buffer {
    torch::Tensor live, kept;  // flat
  };
  std::vector<Buffer> buffers_;
};

}  // namespace helio::train
