#pragma once
#include <string>

namespace helio {

// This machine's; "localhost" where it has none.
std::string HostName();

// An address as it stands in a URL: IPv6 in brackets.
std::string InUrl(const std::string& address);

}  // namespace helio
