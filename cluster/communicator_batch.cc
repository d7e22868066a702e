#include "cluster/communicator_batch.h"

namespace helio::cluster {

void CommunicatorBatch::Sum(torch::Tensor values) {
  if (ranks() == 1) return;
  communicator_->Await(communicator_->AllReduce(std::move(values), Reduce::kSum));
}

std::unique_ptr<GlobalBatch> MakeGlobalBatch(Communicator& world) {
  if (world.size() == 1) return std::make_unique<SoloBatch>();
  return std::make_unique<CommunicatorBatch>(world.Duplicate("batch"));
}

std::unique_ptr<GlobalBatch> MakeHostBatch(Communicator& world) {
  return std::make_unique<CommunicatorBatch>(world.Split(world.world().host, "batch of a host"));
}

}  // namespace helio::cluster
