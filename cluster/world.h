#pragma once
#include <c10/core/Device.h>

#include <algorithm>

namespace helio::cluster {

// Who this process (or thread rank) is. Found once at start-up; plain data.
struct World {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  // among the ranks on the same host
  int local_size = 1;
  int host = 0;  // hosts are numbered by their lowest rank
  int hosts = 1;
  c10::Device device = c10::kCPU;  // where this rank's tensors live
};

// Of `size` ranks of which every host has `per_host` neighbours, the last one what is left. Pure.
inline World WorldOfHosts(int rank, int size, int per_host) {
  const int host = rank / per_host;
  return {.rank = rank,
          .size = size,
          .local_rank = rank % per_host,
          .local_size = std::min(per_host, size - host * per_host),
          .host = host,
          .hosts = (size + per_host - 1) / per_host};
}

}  // namespace helio::cluster
