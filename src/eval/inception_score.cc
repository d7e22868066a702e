#include "src/eval/inception_score.h"

#include <numeric>

#include "src/base/error.h"
#include "src/base/random.h"

namespace helio::eval {
namespace {

// xlogy: a probability that underflowed to zero adds nothing, where log(0) would make the score NaN.
double SplitScore(const torch::Tensor& p) {
  const auto marginal = p.mean(0, /*keepdim=*/true);
  const auto divergence = (torch::xlogy(p, p) - torch::xlogy(p, marginal)).sum(1);
  return std::exp(divergence.mean().item<double>());
}

torch::Tensor ShuffledOrder(int64_t count, uint64_t seed) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(RandomKey(seed, "inception score"));
  for (int64_t i = count - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
  return torch::tensor(order, torch::kInt64);
}

}  // namespace

MeanDeviation InceptionScoreOf(const torch::Tensor& probabilities, int64_t splits) {
  const int64_t count = probabilities.size(0);
  if (count < splits) {
    ThrowUser(std::to_string(count) + " pictures cannot be split into " + std::to_string(splits) + " parts",
              "inception score", "evaluate more pictures");
  }
  const auto rows = probabilities.to(torch::kFloat64);
  std::vector<double> scores;
  for (int64_t i = 0; i < splits; ++i) {
    scores.push_back(SplitScore(rows.slice(0, i * count / splits, (i + 1) * count / splits)));
  }
  return Summarize(std::move(scores));
}

InceptionScore::InceptionScore(std::string name, ImageFunction probabilities, InceptionScoreOptions options)
    : Evaluator(std::move(name)), probabilities_(std::move(probabilities)), options_(std::move(options)) {}

void InceptionScore::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  rows_.Add(
      {{"positions", batch.positions}, {"probabilities", probabilities_(batch.images).to(torch::kFloat32)}});
}

std::vector<Score> InceptionScore::Finish(const NamedTensors& merged) const {
  auto probabilities = FindTensor(merged, "probabilities", name());
  std::ostringstream protocol;
  protocol << "N=" << probabilities.size(0) << " splits=" << options_.splits
           << " classes=" << probabilities.size(1);
  if (options_.shuffle_seed) {
    probabilities =
        probabilities.index_select(0, ShuffledOrder(probabilities.size(0), *options_.shuffle_seed));
    protocol << " shuffle_seed=" << *options_.shuffle_seed;
  }
  protocol << JudgeInProtocol(options_.judge);
  const auto score = InceptionScoreOf(probabilities, options_.splits);
  return {{name(), score.mean, score.deviation, protocol.str()}};
}

}  // namespace helio::eval
