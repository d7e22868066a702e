#pragma once
#include "cluster/communicator.h"

namespace helio::cluster {

// A world of one: every collective is the identity.
std::unique_ptr<Communicator> MakeSoloCommunicator(const World& world = {}, const Deadlines& deadlines = {});

}  // namespace helio::cluster
