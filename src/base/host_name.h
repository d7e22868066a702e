#pragma once
#include <string>

namespace helio {

// This machine's; "localhost" where it has none.
std::string HostName();

}  // namespace helio
