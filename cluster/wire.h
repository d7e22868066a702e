#pragma once
#include <memory>
#include <string>

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

// Over `gradients`, flat: "same" sends them as they are, "bfloat16" a rounded copy: half the bytes, whose
// sums are rounded as Communicator says. Throws Error{kUser} on another name.
std::unique_ptr<Wire> MakeWire(const std::string& dtype, torch::Tensor gradients);

}  // namespace helio::cluster
