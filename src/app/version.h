#pragma once
#include <string>

namespace helio::app {

// What a checkpoint and /metrics name as their maker.
inline std::string Version() { return HELIO_VERSION; }

// The git revision that was built, "-dirty" where the tree had changes; "unknown" outside a checkout.
std::string Revision();

}  // namespace helio::app
