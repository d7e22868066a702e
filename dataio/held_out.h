#pragma once
#include <span>
#include <string>
#include <vector>

#include "dataio/batch_rows.h"

namespace helio::dataio {

// Held-out rows of one of several data sets that a system reads.
struct HeldOut {
  const Dataset* dataset;  // outlives it
  DomainNeeds needs;
  // For each row of the first set the row of this one that shows the same, where that is known; else, and for
  // the first set itself, empty.
  std::vector<int64_t> counterparts = {};
};

// The rows of `other` with the same ids as the rows of `first`, in the order of these; empty where any is
// missing.
std::vector<int64_t> CounterpartsOf(const Dataset& first, const Dataset& other);

// Whether every row of the first set has a counterpart in each of the others.
bool HaveCounterparts(std::span<const HeldOut> sets);

// A domain for each set, as EvaluationBatch makes one: of the first set the rows of `draws`; of the others
// their counterparts or, where those are not known, rows drawn by `seed`. For Upload.
Batch HeldOutBatch(std::span<const HeldOut> sets, std::span<const Draw> draws, uint64_t seed);

}  // namespace helio::dataio
