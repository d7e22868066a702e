#pragma once
#include <string>
#include <vector>

#include "src/base/tensor.h"
#include "src/recipes/system.h"

namespace helio::train {

// Whether a trained part's tensor of that name is one of batch norm's running statistics.
bool IsRunningStatistic(const std::string& name);

// A system's running batch-norm statistics, remembered, so that a forward pass can be made undone. Brings
// them together in flat memory, a buffer a dtype, of which they become views: one copy keeps all of them.
// Made after the networks have come to their device. One thread.
class StatisticsSnapshot {
 public:
  explicit StatisticsSnapshot(const recipes::System& system);
  // Remembers them as they are now. Does not wait for the device.
  void Keep();
  // Where `usable` {} bool, on the statistics' device, is false: back to what the latest Keep saw, behind
  // autograd's back: graphs that were built in between noted these tensors, but need their values no more.
  // The host reads `usable` on a CPU only.
  void RestoreUnless(const torch::Tensor& usable);

 private:
  struct Buffer {
    torch::Tensor live, kept;  // flat
  };
  std::vector<Buffer> buffers_;
};

}  // namespace helio::train
