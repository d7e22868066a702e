#include "cluster/sub_world.h"

#include <map>

namespace helio::cluster {

std::vector<int> MembersOf(const std::vector<int>& colors, int color) {
  std::vector<int> members;
  for (size_t rank = 0; rank < colors.size(); ++rank)
    if (colors[rank] == color) members.push_back(static_cast<int>(rank));
  return members;
}

World SubWorld(const World& own, const std::vector<int>& colors, const std::vector<int>& hosts) {
  World world = own;
  world.size = world.local_size = world.rank = world.local_rank = 0;
  std::map<int, int> host_numbers;  // parent's host -> ours, by lowest rank
  for (const int member : MembersOf(colors, colors[own.rank])) {
    const bool local = hosts[member] == hosts[own.rank];
    host_numbers.emplace(hosts[member], static_cast<int>(host_numbers.size()));
    if (member < own.rank) {
      ++world.rank;
      world.local_rank += local;
    }
    ++world.size;
    world.local_size += local;
  }
  world.hosts = static_cast<int>(host_numbers.size());
  world.host = host_numbers.at(hosts[own.rank]);
  return world;
}

}  // namespace helio::cluster
