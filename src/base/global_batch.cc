#include "src/base/global_batch.h"

#include "src/base/autograd.h"
#include "src/base/error.h"
#include "src/base/precision.h"

namespace helio {
namespace {

// Summing zero-padded copies gives a gather that is exact (x + 0 = x) and works for uneven row counts.
class GatherRowsFunction : public torch::autograd::Function<GatherRowsFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& own,
                               GlobalBatch* batch, int64_t first, int64_t global) {
    context->saved_data["batch"] = reinterpret_cast<int64_t>(batch);
    context->saved_data["first"] = first;
    context->saved_data["local"] = own.size(0);
    auto shape = own.sizes().vec();
    shape[0] = global;
    auto all = torch::zeros(shape, own.options());
    all.narrow(0, first, own.size(0)).copy_(own);
    batch->Sum(all);
    return all;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled())
      ThrowUser("has no second derivative", "a loss over rows of several ranks",
                "a gradient penalty needs negatives and pairs of one rank: --negatives=local");
    auto* batch = reinterpret_cast<GlobalBatch*>(context->saved_data["batch"].toInt());
    auto all = gradients[0].contiguous().clone();
    batch->Sum(all);
    const int64_t first = context->saved_data["first"].toInt(), local = context->saved_data["local"].toInt();
    return {all.narrow(0, first, local).contiguous(), {}, {}, {}};
  }
};

}  // namespace

torch::Tensor GatherRows(GlobalBatch& batch, const torch::Tensor& own, const RowRange& rows) {
  if (batch.ranks() == 1) return own;
  // The gradient of a bfloat16 tensor is summed over the ranks in float32.
  if (own.scalar_type() == torch::kBFloat16) return GatherRows(batch, Exact(own), rows).to(own.dtype());
  if (own.is_floating_point()) return GatherRowsFunction::apply(own, &batch, rows.first, rows.global);
  // Integers (captions, lengths, classes) travel as doubles: exact below 2^53, and one code path for every
  // communicator.
  return GatherRowsFunction::apply(own.to(torch::kFloat64), &batch, rows.first, rows.global).to(own.dtype());
}

}  // namespace helio
