#pragma once
#include <optional>
#include <vector>

#include "cluster/communicator.h"

namespace helio::cluster {

struct StragglerReport {
  std::vector<double> seconds;  // per rank: mean busy seconds of a step in the window
  double median = 0;
  std::vector<int> stragglers;  // ranks above factor x median
};

// Pure: who is slow.
StragglerReport FindStragglers(std::vector<double> seconds, double factor);

// Gathers every rank's own step time (computing and loading, without waiting for others) once a window: one
// message of 8 bytes a rank. Record is collective at the window's last step.
class StragglerDetector {
 public:
  StragglerDetector(Communicator& communicator, int window = 50, double factor = 1.5);
  // `busy_seconds`: the step's time minus its waits for others (JobState::waits), of the device where it is
  // CUDA. Returns a report when a window is full. Rank 0 logs stragglers.
  std::optional<StragglerReport> Record(double busy_seconds);

 private:
  Communicator& communicator_;
  int window_;
  double factor_;
  int count_ = 0;
  double sum_ = 0;
};

}  // namespace helio::cluster
