#pragma once
#include <string>
#include <vector>

#include "cluster/gradient_reducer.h"
#include "src/base/moment.h"
#include "src/base/tensor.h"

namespace helio::train {

// What one step did. Scalars stay on the device until somebody reads them.
struct StepReport {
  struct Term {
    std::string phase, name;
    torch::Tensor value;  // scalar, this rank's part: the mean over ranks (and micro-batches) is the loss
  };
  struct Norm {
    std::string phase;
    torch::Tensor value;   // L2 norm of the phase's reduced gradient, before clipping: {} float64
    torch::Tensor usable;  // {} bool: false where the phase's update did not happen, on any rank. If one is,
                           // batch norm's running statistics are those of before the step
  };
  struct Reduction {
    std::string phase;
    cluster::ReduceStats stats;
  };
  std::vector<Term> terms;
  std::vector<Norm> norms;
  std::vector<Reduction> reductions;  // none on one rank
  // Whether all weights are finite after the step: {} bool, the same on every rank.
  torch::Tensor finite_weights;
  // A part of the step: prepare, a phase's name, wait, update.
  struct Part {
    std::string name;
    Interval time;
  };
  std::vector<Part> parts;

  int skipped() const;  // phases whose gradient could not be used; reads the device
};

}  // namespace helio::train
