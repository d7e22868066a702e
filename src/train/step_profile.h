#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/train/step_report.h"

namespace helio::train {

// --profile=FROM-TO: what the steps FROM to TO (as the log counts them) do on this rank: phases, operators,
// device kernels and waits for data and for other ranks, as a trace for chrome://tracing or ui.perfetto.dev,
// and in the log a table of parts and of the dearest operators. Recording slows a step by some per cent.
// Local; one at a time in a process.
class StepProfile {
 public:
  // `steps`: "FROM-TO", or empty: nothing is recorded. Throws Error{kUser} on anything else.
  StepProfile(const std::string& steps, std::filesystem::path folder, int rank);
  StepProfile(const StepProfile&) = delete;
  StepProfile& operator=(const StepProfile&) = delete;
  ~StepProfile();  // stops recording; what was not finished is dropped

  // Whether `steps` may be given to the constructor.
  static bool Admits(const std::string& steps);

  void Before(int64_t step);                           // step `step` (from 1) begins
  void Add(const StepReport& report);                  // parts of it that are not the trainer's
  void After(int64_t step, const StepReport& report);  // it has ended; after the last one writes the trace
  // The run has ended: writes what was recorded where it ended among these steps, warns where it did before.
  void End();

 private:
  void Finish();

  const std::filesystem::path folder_;
  const int rank_;
  int64_t from_ = 0, to_ = 0;        // 0: none, or written
  int64_t last_ = 0, recorded_ = 0;  // the latest step recorded, and how many: a rollback repeats some
  bool recording_ = false;
  std::vector<StepReport::Part> parts_;  // of all recorded steps
};

}  // namespace helio::train
