#pragma once
#include <string>
#include <vector>

#include "dataio/batch.h"
#include "src/base/tensor.h"

namespace helio::recipes {

struct ValidationScore {
  std::string name;
  double value = 0;
  std::string protocol = {};  // how it was taken, where there is more than one way
  std::string concern = {};   // what is wrong with a value that no training should end with
};

// How well a system does on held-out batches. Each rank consumes its share; what it returns is summed over
// batches and ranks, and Finish turns the sums into scores.
class Validation {
 public:
  virtual ~Validation() = default;
  // {k} float64 sums of this batch (k constant), on the device of the batch, which is the networks'. No
  // gradient; NaN where outputs that are compared are not finite (OneIfFinite); networks in evaluation mode
  // and afterwards in the mode they were found in. Not collective.
  virtual torch::Tensor Consume(const dataio::Batch& batch) = 0;
  // From sums on the host. The first score decides which weights are "best".
  virtual std::vector<ValidationScore> Finish(const torch::Tensor& sums) const = 0;
  virtual bool higher_is_better() const = 0;
  // Of the scores that Finish gives, in that order: known before anything is judged.
  virtual std::vector<std::string> names() const = 0;
  // True: on training rows instead of held-out ones (a class-disjoint test split has other classes than a
  // classifier knows).
  virtual bool on_training_rows() const { return false; }
  // True: it reads all of the system's domains, the others' rows being the true counterparts of the first
  // one's. Without known counterparts there is no such validation.
  virtual bool on_counterparts() const { return false; }
};

}  // namespace helio::recipes
