#pragma once
#include <vector>

#include "cluster/communicator.h"
#include "dataio/held_out.h"
#include "src/recipes/validation.h"

namespace helio::train {

struct ValidationOptions {
  int64_t images = 1000;  // at most, over all ranks together
  uint64_t seed = 1;      // of rows and captions
  torch::Dtype dtype = torch::kFloat32;
};

// Scores on rows of the first of `sets`, and what belongs to them of the others, in batches of 100, the last
// of what remains, that the ranks share; how many rows these were is in their protocols. Collective; the same
// scores on every rank.
std::vector<recipes::ValidationScore> RunValidation(recipes::Validation& validation,
                                                    std::span<const dataio::HeldOut> sets,
                                                    const ValidationOptions& validation_options,
                                                    cluster::Communicator& communicator);

}  // namespace helio::train
