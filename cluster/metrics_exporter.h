#pragma once
#include <memory>
#include <string>

#include "cluster/metrics.h"

namespace helio::cluster {

// Serves GET /metrics of a registry, and GET /healthz, over HTTP/1.1 in a thread of its own (libmicrohttpd:
// docs/decisions/0011-http-server.md). Whatever clients do - stay silent, talk for ever, come by the thousand
// - a scrape is answered at once, and the process loses no more than kClients file descriptors, which are
// reserved at the start: it also serves when there are no others left.
class MetricsExporter {
 public:
  static constexpr int kClients = 32;  // at a time; then the oldest one's connection ends

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

}  // namespace helio::cluster
