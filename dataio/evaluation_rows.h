#pragma once
#include <span>
#include <utility>
#include <vector>

#include "dataio/batch_rows.h"

namespace helio::dataio {

// What an evaluation looks at: `count` draws over the rows in a shuffled order, again and again, each with a
// caption of its own; a pure function of its arguments.
std::vector<Draw> EvaluationDraws(const Dataset& dataset, int64_t count, int64_t words, uint64_t seed);

// Those draws as a batch of their own (rows {0, n, n}) of one domain, in the given order: centre crops at the
// largest side, captions, classes and whatever geometry the needs ask for. For Upload.
Batch EvaluationBatch(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed);

// Their captions alone: ids and lengths.
std::pair<torch::Tensor, torch::Tensor> EvaluationCaptions(const Dataset& dataset,
                                                           std::span<const Draw> draws, int64_t words,
                                                           uint64_t seed);

}  // namespace helio::dataio
