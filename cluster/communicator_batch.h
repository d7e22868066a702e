#pragma once
#include "cluster/communicator.h"
#include "src/base/global_batch.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// GlobalBatch over a communicator of its own, so that batch norm's and the gathers' messages do not disturb
// the gradient reducer's order. Construction is collective (Duplicate, or one communicator a host with
// `within_node`: --batch_norm=node).
class CommunicatorBatch : public GlobalBatch {
 public:
  explicit CommunicatorBatch(Communicator& world, bool within_node = false);
  int ranks() const override { return communicator_->size(); }
  void Sum(torch::Tensor values) override;

 private:
  std::unique_ptr<Communicator> communicator_;
};

// SoloBatch for a world of one, CommunicatorBatch else. Collective.
std::unique_ptr<GlobalBatch> MakeGlobalBatch(Communicator& world);

}  // namespace helio::cluster
