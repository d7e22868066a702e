#include "cluster/communicator_batch.h"

namespace helio::cluster {
namespace {

std::unique_ptr<Communicator> OwnCommunicator(Communicator& world, bool within_node) {
  return within_node ? world.Split(world.world().node, "batch of a node") : world.Duplicate("batch");
}

}  // namespace

CommunicatorBatch::CommunicatorBatch(Communicator& world, bool within_node)
    : communicator_(OwnCommunicator(world, within_node)) {}

void CommunicatorBatch::Sum(torch::Tensor values) {
  if (ranks() == 1) return;
  communicator_->Await(communicator_->AllReduce(std::move(values), Reduce::kSum));
}

std::unique_ptr<GlobalBatch> MakeGlobalBatch(Communicator& world) {
  if (world.size() == 1) return std::make_unique<SoloBatch>();
  return std::make_unique<CommunicatorBatch>(world);
}

}  // namespace helio::cluster
