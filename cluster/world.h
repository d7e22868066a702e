#pragma once
#include "src/base/log.h"

namespace helio::cluster {

// Who this process (or thread rank) is. Found once at start-up; plain data.
struct World {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  // among the ranks on the same host
  int local_size = 1;
  int node = 0;  // hosts numbered by their lowest rank
  int nodes = 1;
  torch::Device device = torch::kCPU;  // where this rank's tensors live

  bool first() const { return rank == 0; }
};

}  // namespace helio::cluster
