#pragma once
#include <string>
#include <vector>

#include "src/base/global_batch.h"
#include "src/base/tensor.h"

namespace helio::losses {

// A named scalar of a loss; `value` {} already carries its weight. The name is the metric's `term` label.
struct LossTerm {
  std::string name;
  torch::Tensor value;
};
using LossTerms = std::vector<LossTerm>;

// The rows of a batch that a loss sees, and the ranks that hold the others (src/base/global_batch.h: each
// rank's value is scaled so that the mean over ranks is the loss of the global batch).
struct BatchScope {
  GlobalBatch& batch;
  RowRange rows;

  // Sum of a per-row loss as this rank's part of its mean over `count` rows of the global batch.
  torch::Tensor Mean(const torch::Tensor& per_row, int64_t count) const {
    return per_row.sum() * (static_cast<double>(batch.ranks()) / static_cast<double>(count));
  }
};

// The scope of losses that look across rows: the global batch, or with local negatives the own rows as a
// whole batch.
inline BatchScope ScopeOf(GlobalBatch& batch, const RowRange& rows) {
  const bool local = batch.ranks() == 1 && !rows.whole();
  return {batch, local ? RowRange{0, rows.local, rows.local} : rows};
}

}  // namespace helio::losses
