#pragma once
#include <map>
#include <vector>

#include "src/base/tensor.h"
#include "src/recipes/system.h"

namespace helio::train {

// A system's running batch-norm statistics, remembered, so that a forward pass can be made undone. Made after
// the networks have come to their device; the copies are a few hundred kilobytes. One thread.
class StatisticsSnapshot {
 public:
  explicit StatisticsSnapshot(const recipes::System& system);
  void Keep();
  // Back to what the latest Keep saw, behind autograd's back: graphs that were built in between noted these
  // tensors, but need their values no more.
  void Restore() const;

 private:
  struct Lists {
    std::vector<torch::Tensor> live, kept;
  };
  std::map<torch::Dtype, Lists> lists_;  // one launch copies many tensors of the same kind
};

}  // namespace helio::train
