#pragma once
#include <memory>
#include <string>

#include "cluster/metrics.h"

namespace helio::cluster {

// The labels that tell a job's metrics from others' at a gateway, beside job="heliograph".
struct PushGroup {
  std::string run;
  std::string evaluation = {};  // of a run; empty: the group is the run's own
};

// Pushes a registry to a Prometheus push gateway, for jobs too short to be scraped: at once, then every
// `seconds` from a thread of its own. Each push replaces all of its group. One per job (rank 0): a gateway is
// for a job's outcome, not for its instances.
class MetricsPusher {
 public:
  // `address`: HOST:PORT, or a URL with http:// or https://. Throws Error{kUser} if it is neither. A gateway
  // that does not answer costs a warning, never the training.
  MetricsPusher(const MetricRegistry& registry, const std::string& address, const PushGroup& group,
                double seconds = 10);
  // Pushes a last time: of a job that failed, the gateway keeps where it was. Takes 10 s at most.
  ~MetricsPusher();
  MetricsPusher(const MetricsPusher&) = delete;
  MetricsPusher& operator=(const MetricsPusher&) = delete;

  // After the job has ended well: stops and deletes the group, which the gateway would keep for ever. Returns
  // false (and has warned) if the gateway did not do so.
  bool Delete();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace helio::cluster
