#include "src/app/metrics_options.h"

namespace helio::app {

void MetricsOptions::Declare(OptionList& list) {
  list.Group("Metrics");
  list.AddOperational("metrics_port", &metrics_port, Between(0, 65535),
                      "Serve /metrics at this port + local rank (0: do not serve)");
  list.AddOperational("metrics_bind", &metrics_bind, AnyValue(), "Address that /metrics is served at");
  list.AddOperational(
      "push_gateway", &push_gateway, AnyValue(),
      "HOST:PORT of a Prometheus push gateway, for short jobs: rank 0 pushes as job heliograph and the run's "
      "name. A training deletes that when its last step is done; helio-eval's scores stay");
}

}  // namespace helio::app
