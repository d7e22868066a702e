#include "cluster/cores.h"

#include <sched.h>

namespace helio::cluster {
namespace {

// A character a processor of this host: 1 if this process may run there.
std::string OwnCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  std::string cores(CPU_SETSIZE, '0');
  for (size_t i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) cores[i] = '1';
  return cores;
}

}  // namespace

int CoresOfRank(Communicator& communicator) {
  const auto& world = communicator.world();
  const auto prefix = std::to_string(world.node) + " ";
  std::string together(CPU_SETSIZE, '0');
  for (const auto& cores : GatherStrings(communicator, prefix + OwnCores(), "cores")) {
    if (!cores.starts_with(prefix)) continue;
    for (size_t i = 0; i < together.size(); ++i)
      if (cores[prefix.size() + i] == '1') together[i] = '1';
  }
  const auto count = std::count(together.begin(), together.end(), '1');
  return std::max(1, static_cast<int>(count) / world.local_size);
}

}  // namespace helio::cluster
