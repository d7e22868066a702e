#pragma once
#include <string>

namespace helio::cluster {

// This machine's; "localhost" where it has none.
std::string HostName();

}  // namespace helio::cluster
