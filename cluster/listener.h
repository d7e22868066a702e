#pragma once
#include <string>

#include "src/base/descriptor.h"

namespace helio::cluster {

// A TCP socket that listens at `address` (IPv4 or IPv6 literal) and `port` (0: any free one), with the
// longest queue that the system allows. The kernel keeps clients that say nothing to itself for some seconds:
// who is accepted has spoken. Throws Error{kUser} if it cannot, Error{kSystem} where this host has no more
// files.
Descriptor Listen(const std::string& address, int port);
int PortOf(const Descriptor& listener);

// "address:port", for messages and target lists.
std::string Endpoint(const std::string& address, int port);

}  // namespace helio::cluster
