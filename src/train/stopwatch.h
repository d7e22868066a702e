#pragma once
#include <string>

#include "src/base/moment.h"
#include "src/base/tensor.h"
#include "src/train/step_report.h"
// clang-format off
#include <ATen/record_function.h>
// clang-format on

namespace helio::train {

// Adds the time of its scope to the report under the name of a part, and that name to a trace (--profile).
class Stopwatch {
 public:
  Stopwatch(StepReport& report, std::string part, torch::Device device)
      : report_(report), part_(std::move(part)), device_(device), begin_(Moment::On(device)) {
    if (traced_.isActive()) traced_.before(part_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { report_.parts.push_back({part_, {begin_, Moment::On(device_)}}); }

 private:
  StepReport& report_;
  const std::string part_;
  const torch::Device device_;
  const Moment begin_;
  at::RecordFunction traced_{at::RecordScope::USER_SCOPE};  // for --profile
};

}  // namespace helio::train
