#pragma once
#include <filesystem>
#include <string>

#include "cluster/communicator.h"

namespace helio::cluster {

// Where Prometheus reaches an endpoint that is bound to `bind`: this host's name if that is every address.
std::string ScrapeHost(const std::string& bind);

// Writes Prometheus' file_sd target list of all ranks ("host:port" with labels rank and node, the host's
// name) at rank 0, atomically. Collective.
void WriteScrapeTargets(Communicator& communicator, const std::filesystem::path& path,
                        const std::string& host, int port);

}  // namespace helio::cluster
