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

// Scores on rows of the first of `sets` with their counterparts in the others. The ranks share the batches of
// 100 rows (the last one may have fewer); the scores' protocols say how many rows these were. Collective; the
// same scores on every rank.
std::vector<recipes::ValidationScore> RunValidation(recipes::Validation& validation,
                                                    std::span<const dataio::HeldOut> sets,
                                                    const ValidationOptions& validation_options,
                                                    cluster::Communicator& communicator);

}  // namespace helio::train
