#pragma once
#include <string>

namespace helio::app {

// What a checkpoint and /metrics name as their maker.
std::string Version();

// The git revision that was built, "-dirty" where the tree had changes; "unknown" outside a checkout.
std::string Revision();

}  // namespace helio::app
