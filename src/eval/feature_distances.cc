#include "src/eval/feature_distances.h"

#include "src/eval/frechet.h"

namespace helio::eval {
namespace {

// In pieces: a copy of all rows in float64 would take twice their memory.
Moments MomentsOf(const torch::Tensor& rows) {
  constexpr int64_t kRowsAtOnce = 4096;
  Moments moments;
  for (const auto& part : rows.split(kRowsAtOnce)) moments.Add(part);
  return moments;
}

}  // namespace

FeatureDistances::FeatureDistances(std::string name, ImageFunction features, FeatureDistanceOptions options)
    : Evaluator(std::move(name)), features_(std::move(features)), options_(std::move(options)) {}

void FeatureDistances::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  rows_.Add({{"positions", batch.positions},
             {"drawn", features_(batch.images).to(torch::kFloat32)},
             {"real", features_(batch.real).to(torch::kFloat32)}});
}

std::vector<Score> FeatureDistances::Finish(const NamedTensors& merged) const {
  const auto &drawn = FindTensor(merged, "drawn", name()), &real = FindTensor(merged, "real", name());
  const auto protocol = "N=" + std::to_string(drawn.size(0)) + " against " + std::to_string(real.size(0)) +
                        " real, " + std::to_string(drawn.size(1)) + " features" +
                        (options_.judge.empty() ? "" : " of " + options_.judge);
  std::vector<Score> scores;
  if (options_.fid)
    scores.push_back({"fid", FrechetDistanceOf(MomentsOf(drawn), MomentsOf(real)), 0, protocol});
  if (!options_.kid) return scores;
  const auto& kernel = options_.kernel;
  const auto distance = KernelDistanceOf(drawn, real, kernel);
  scores.push_back({"kid", distance.mean, distance.deviation,
                    protocol + ", " + std::to_string(kernel.subsets) + " subsets of " +
                        std::to_string(std::min({kernel.subset_size, drawn.size(0), real.size(0)})) +
                        ", seed=" + std::to_string(kernel.seed)});
  return scores;
}

}  // namespace helio::eval
