#include "src/eval/class_accuracy.h"

namespace helio::eval {

void ClassAccuracy::Consume(const EvalBatch& batch) {
  const torch::NoGradGuard no_grad;
  const auto p = probabilities_(batch.images);
  const auto asked = p.gather(1, batch.classes.to(p.device()).unsqueeze(1));
  // Rank 1 is best; NaN ranks behind all classes.
  const auto rank = torch::where(asked.isfinite(), p.ge(asked).sum(1, true), p.size(1) + 1).squeeze(1);
  rows_.Add({{"positions", batch.positions}, {"rank", rank}});
}

std::vector<Score> ClassAccuracy::Finish(const NamedTensors& merged) const {
  const auto& rank = FindTensor(merged, "rank", name());
  const auto protocol = "N=" + std::to_string(rank.size(0)) + " folds=10 judge=" + judge_;
  const auto share = [&](const std::string& suffix, int64_t among) {
    const auto found = FoldMeans(rank.le(among).to(torch::kFloat64), 10);
    return Score{name() + suffix, found.mean, found.deviation, protocol};
  };
  return {share("", 1), share("_top5", 5)};
}

}  // namespace helio::eval
