#pragma once
#include <c10/core/Device.h>

namespace helio::cluster {

// Who this process (or thread rank) is. Found once at start-up; plain data.
struct World {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  // among the ranks on the same host
  int local_size = 1;
  int node = 0;  // hosts numbered by their lowest rank
  int nodes = 1;
  c10::Device device = c10::kCPU;  // where this rank's tensors live
};

}  // namespace helio::cluster
