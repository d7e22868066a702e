#pragma once
#include "src/base/rows.h"
#include "src/base/tensor.h"

namespace helio {

// What a network or loss may know of the other ranks: how to add numbers over the global batch, and nothing
// else.
//
// Convention of the whole house: rank r computes L_r, and backward on all ranks together differentiates sum_r
// L_r; the gradient reducer then divides by the number of ranks. So a loss that is a mean over the global
// batch of B rows is, on each rank, `ranks() / B * sum over own rows`, and L = mean_r L_r.
//
// Every member is collective: all ranks call it in the same order. Not thread-safe: it is called by the
// thread that runs forward, and during backward by autograd's (on a GPU another one).
class GlobalBatch {
 public:
  virtual ~GlobalBatch() = default;
  virtual int ranks() const = 0;
  // Sums `values` (contiguous, floating point) over all ranks in place, in a fixed order. Blocks. Not
  // differentiable.
  virtual void Sum(torch::Tensor values) = 0;
};

// One process holds the whole batch: the identity.
class SoloBatch : public GlobalBatch {
 public:
  int ranks() const override { return 1; }
  void Sum(torch::Tensor) override {}
};

// The rows of all ranks, {rows.global, ...}, from this rank's {rows.local, ...}, in global order.
// Differentiable: backward sums the gradients of all ranks and returns the own rows' part. Collective in
// forward and backward; a second backward (create_graph) is refused with an Error{kUser}. The identity where
// rows.whole().
torch::Tensor GatherRows(GlobalBatch& batch, const torch::Tensor& own, const RowRange& rows);

}  // namespace helio
