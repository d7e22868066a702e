#pragma once
#include <string>
#include <vector>

#include "dataio/batch.h"
#include "src/base/tensor.h"
#include "src/recipes/recipe.h"

namespace helio::recipes {

struct ValidationScore {
  std::string name;
  double value = 0;
  std::string protocol = {};  // how it was taken, where there is more than one way
  std::string concern = {};   // what is wrong with a value that no training should end with
};

// How well a pretraining does on held-out batches. Each rank consumes its share; what it returns is summed
// over batches and ranks, and Finish turns the sums into scores.
class Validation {
 public:
  virtual ~Validation() = default;
  // {k} float64 sums of this batch (k constant). No gradient; networks in evaluation mode. Not collective.
  virtual torch::Tensor Consume(const dataio::Batch& batch, const StepContext& context) = 0;
  // The first score decides which weights are "best".
  virtual std::vector<ValidationScore> Finish(const torch::Tensor& sums) const = 0;
  virtual bool higher_is_better() const = 0;
};

}  // namespace helio::recipes
