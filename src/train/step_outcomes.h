#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "src/train/step_report.h"

namespace helio::train {

// The outcome of a step, in host memory.
struct StepOutcome {
  int64_t step = 0;                                     // how many are done after it
  std::vector<std::pair<std::string, double>> norms;    // by phase: L2 norm of the reduced gradient
  int skipped = 0;                                      // updates left out: their gradient was not finite
  bool finite_weights = true;                           // all of them
  std::vector<std::pair<std::string, double>> seconds;  // of the step's parts; on a device its own time
  struct Reduction {
    std::string phase;
    int64_t bytes = 0;
    double hidden_seconds = 0, exposed_seconds = 0;  // likewise
  };
  std::vector<Reduction> reductions;
  double busy_seconds = 0;  // likewise: the step without its waits for other ranks
};

// Reports of steps that the host has not read yet. A device computes a step long after the host has queued
// it: reading after each step would drain the queue. Local, one thread.
class StepOutcomes {
 public:
  // `whole`: the time of the step; `waits`: within it, this rank's waits for others.
  void Add(int64_t step, const StepReport& report, Interval whole, std::vector<Interval> waits);
  // Those since the last call, in order. Waits for the device, in one copy.
  std::vector<StepOutcome> Read();

 private:
  struct Unread {
    int64_t step;
    std::vector<StepReport::Norm> norms;
    torch::Tensor finite_weights;
    std::vector<StepReport::Part> parts;
    std::vector<StepReport::Reduction> reductions;
    Interval whole;
    std::vector<Interval> waits;

    double BusySeconds() const;
    void AddValues(std::vector<torch::Tensor>& values) const;
    StepOutcome Outcome(const double*& next) const;
  };
  std::vector<Unread> unread_;
};

// Scalars of one device on the host: {n} float64, in one copy.
torch::Tensor OnHost(const std::vector<torch::Tensor>& scalars);

}  // namespace helio::train
