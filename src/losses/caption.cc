#include "src/losses/caption.h"

#include "src/base/precision.h"
#include "src/base/to_device.h"
#include "src/losses/damsm.h"

namespace helio::losses {

torch::Tensor CaptionLoss(const torch::Tensor& logits, const torch::Tensor& captions,
                          const torch::Tensor& lengths, const BatchScope& scope) {
  const FullPrecision full;
  const auto targets = captions.masked_fill(PaddingOf(lengths, captions.size(1), captions.device()),
                                            -100);  // torch's ignore_index
  const auto sum =
      torch::cross_entropy_loss(Exact(logits).flatten(0, 1), targets.flatten(), {}, at::Reduction::Sum);
  const auto tokens = ToDevice(lengths.sum().view({1}), logits.device(), torch::kFloat64);
  scope.batch.Sum(tokens);
  return sum * (scope.batch.ranks() / tokens).squeeze(0).to(sum.dtype());
}

}  // namespace helio::losses
