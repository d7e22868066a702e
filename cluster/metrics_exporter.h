#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "cluster/metrics.h"

namespace helio::cluster {

// Serves GET /metrics of a registry over HTTP/1.1, one connection at a time, in a thread of its own. Not
// prometheus-cpp's server: civetweb cannot start beside CUDA torch and has an unfixed overflow
// (docs/decisions). Anything but GET /metrics and GET /healthz gets 404 or 405; slow or talkative clients are
// cut off.
class MetricsExporter {
 public:
  // Binds to `address` (IPv4 or IPv6 literal) and `port` (0: any free one). Throws Error{kUser} if it cannot.
  MetricsExporter(const MetricRegistry& registry, const std::string& address, int port);
  ~MetricsExporter();
  MetricsExporter(const MetricsExporter&) = delete;
  MetricsExporter& operator=(const MetricsExporter&) = delete;
  int port() const;  // the one it got

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

// Where Prometheus reaches an endpoint that is bound to `bind`: this host's name if that is every address.
std::string ScrapeHost(const std::string& bind);

// Writes Prometheus' file_sd target list of all ranks ("host:port" with labels rank and node, the host's
// name) at rank 0, atomically. Collective.
void WriteScrapeTargets(Communicator& communicator, const std::filesystem::path& path,
                        const std::string& host, int port);

}  // namespace helio::cluster
