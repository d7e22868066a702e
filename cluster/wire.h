#pragma once
#include <memory>

#include "cluster/reducer_options.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// How gradients look while they travel: a slice is loaded before its collective and unloaded after it.
class Wire {
 public:
  virtual ~Wire() = default;
  // What travels for elements [begin, end) of the gradients.
  virtual torch::Tensor Load(int64_t begin, int64_t end) = 0;
  // Brings what came back into the gradients.
  virtual void Unload(int64_t begin, int64_t end) = 0;
};

// Over `gradients`, flat: they travel themselves with kSame, else as a rounded copy.
std::unique_ptr<Wire> MakeWire(WireDtype dtype, torch::Tensor gradients);

}  // namespace helio::cluster
