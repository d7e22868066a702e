#pragma once
#include <cstdint>
#include <string>

#include "src/base/option_list.h"

namespace helio::app {

// Where a run's metrics can be read (RunExporter).
struct MetricsOptions {
  int32_t metrics_port = 0;
  std::string metrics_bind = "127.0.0.1";
  std::string push_gateway;
  void Declare(OptionList& list);
};

}  // namespace helio::app
