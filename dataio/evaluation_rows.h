#pragma once
#include <span>
#include <vector>

#include "dataio/batch_rows.h"

namespace helio::dataio {

// What an evaluation looks at: `count` draws over the rows in a shuffled order, again and again, each with a
// caption of its own; a pure function of its arguments.
std::vector<Draw> EvaluationDraws(const Dataset& dataset, int64_t count, int64_t words, uint64_t seed);

// Those draws as a batch of their own (rows {0, n, n}) of one domain, in the given order: centre crops at the
// largest side, and what EvaluationText gives. For Upload.
Batch EvaluationBatch(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed);

// Without their pictures: records, classes, captions, and embeddings and geometry where the needs ask for
// any.
Domain EvaluationText(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed);

}  // namespace helio::dataio
