#pragma once
#include "cluster/communicator.h"
#include "src/base/global_batch.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// GlobalBatch over a communicator that serves nothing else, so that batch norm's and the gathers' messages do
// not disturb the gradient reducer's order.
class CommunicatorBatch : public GlobalBatch {
 public:
  explicit CommunicatorBatch(std::unique_ptr<Communicator> own) : communicator_(std::move(own)) {}
  int ranks() const override { return communicator_->size(); }
  void Sum(torch::Tensor values) override;

 private:
  const std::unique_ptr<Communicator> communicator_;
};

// The batch that all ranks share: a SoloBatch in a world of one, else a CommunicatorBatch. Collective.
std::unique_ptr<GlobalBatch> MakeGlobalBatch(Communicator& world);

// The batch that the ranks of this rank's host share (--batch_norm=node). Collective over all ranks.
std::unique_ptr<GlobalBatch> MakeHostBatch(Communicator& world);

}  // namespace helio::cluster
