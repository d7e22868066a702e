#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "dataio/dataset.h"
#include "dataio/domain_needs.h"

namespace helio::dataio {

// A row of a global batch: which record, with which caption.
struct Draw {
  int64_t row = 0;
  int64_t caption = 0;
  int64_t length = 0;  // words after cutting to the limit
};

// The training order: a pure function of (seed, number of the batch). Epoch e is a permutation of all rows
// keyed by (seed, e), cut into batches of `global_batch`; the incomplete last one is left out (drop_last, as
// published). Within a batch rows have the needs' order. The caption of a row is a function of (seed, epoch,
// row). Order::kAtRandom: row i of batch k is a function of (seed, k, i) alone; a batch may have more rows
// than the set. Order::kDistinctClasses: the rows of batch k are a function of (seed, k) alone. Thread-safe.
class Sampler {
 public:
  // `batches_per_step`: what a training step takes; an epoch is a whole number of such steps. Throws
  // Error{kUser} if the data set has fewer rows than a step takes.
  Sampler(const Dataset& dataset, int64_t global_batch, const DomainNeeds& needs, uint64_t seed,
          int64_t batches_per_step = 1);
  std::vector<Draw> Batch(int64_t number) const;
  int64_t batches_per_epoch() const { return batches_per_epoch_; }
  // The pass over the data set that a batch belongs to: its epoch, or the batch itself where rows are drawn
  // anew. The random choices for a row (caption, crop) are keyed by pass and row.
  int64_t Pass(int64_t number) const {
    return order_ == Order::kAtRandom || order_ == Order::kDistinctClasses ? number
                                                                           : number / batches_per_epoch_;
  }

 private:
  // Shared, because another thread may drop it from the cache while this one still reads.
  using Rows = std::shared_ptr<const std::vector<int64_t>>;
  Rows Permutation(int64_t epoch) const;
  std::vector<int64_t> AnyRows(int64_t number) const;
  std::vector<int64_t> RowsOfDistinctClasses(int64_t number) const;
  std::vector<int64_t> RowsOf(int64_t number) const;

  const Dataset& dataset_;
  const int64_t batch_, words_;
  const bool reads_captions_;
  const Order order_;
  const uint64_t seed_;
  const int64_t batches_per_epoch_;
  const std::vector<std::vector<int64_t>> members_;  // of each class; only of distinct classes
  mutable std::mutex mutex_;
  mutable std::map<int64_t, Rows> permutations_;  // of the last few epochs
};

// 0 ... size-1 in an order that is a function of `key` (Fisher-Yates).
std::vector<int64_t> ShuffledRows(int64_t size, uint64_t key);

// A caption cut to at most `words` word ids: all of them, or a random subset of positions in order (the
// published rule), a function of `key`.
std::vector<int32_t> CutCaption(std::vector<int32_t> tokens, int64_t words, uint64_t key);

}  // namespace helio::dataio
