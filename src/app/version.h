#pragma once
#include <string>

namespace helio::app {

// What a checkpoint and /metrics name as their maker.
inline std::string Version() { return HELIO_VERSION; }

}  // namespace helio::app
