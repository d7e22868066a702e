#pragma once
#include <vector>

#include "cluster/world.h"

namespace helio::cluster {

// Who `own` is among the ranks of its color. `colors` and `hosts`: of every rank of the parent. Pure.
World SubWorld(const World& own, const std::vector<int>& colors, const std::vector<int>& hosts);

// The parent's ranks of color `color`, ascending.
std::vector<int> MembersOf(const std::vector<int>& colors, int color);

}  // namespace helio::cluster
