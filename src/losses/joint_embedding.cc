#include "src/losses/joint_embedding.h"

#include "src/base/precision.h"

namespace helio::losses {

torch::Tensor JointEmbedding(const torch::Tensor& rows, const torch::Tensor& others,
                             const BatchScope& scope) {
  const FullPrecision full;
  const auto all = GatherRows(scope.batch, Exact(others), scope.rows);
  const auto scores = torch::matmul(Exact(rows), all.t());
  const auto own = torch::arange(scope.rows.first, scope.rows.end(),
                                 torch::TensorOptions(torch::kInt64).device(scores.device()))
                       .unsqueeze(1);
  const auto hinges = (scores - scores.gather(1, own) + 1).clamp_min(0).scatter(1, own, 0);
  return scope.Mean(hinges.sum(1) / static_cast<double>(scope.rows.global), scope.rows.global);
}

}  // namespace helio::losses
