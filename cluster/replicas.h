#pragma once
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// A tensor of which every rank holds a copy, and what it belongs to.
struct Replica {
  std::string part, name;  // the same on every rank, in the same order
  torch::Tensor tensor;    // of one shape, dtype and memory order on all ranks
};

// Whether the copies are the same, bit for bit. Throws Error{kCluster} on every rank if they are not, naming
// the ranks that differ from the majority (all of them where there is none), their hosts, and the tensors.
// `where` is for the message. Where all is well: a hash of 64 bits a tensor, and one message of 8 bytes a
// rank. Collective.
void CheckReplicas(Communicator& communicator, const std::vector<Replica>& own, const std::string& where);

}  // namespace helio::cluster
