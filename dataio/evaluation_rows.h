#pragma once
#include <span>
#include <vector>

#include "dataio/batch_rows.h"

namespace helio::dataio {

// The rows and captions of an evaluation: `count` draws that go through the rows in a shuffled order, as
// often as it takes, each with a random caption. A pure function of its arguments.
std::vector<Draw> EvaluationDraws(const Dataset& dataset, int64_t count, int64_t words, uint64_t seed);

// Those draws as a batch of their own (rows {0, n, n}) of one domain, in the given order: centre crops at the
// largest side, and what EvaluationText gives. For Upload.
Batch EvaluationBatch(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed);

// The same without pictures: records, classes and captions, and embeddings and geometry where the needs ask
// for them.
Domain EvaluationText(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed);

}  // namespace helio::dataio
