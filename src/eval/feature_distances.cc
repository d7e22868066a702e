#include "src/eval/feature_distances.h"

#include "src/eval/frechet.h"
#include "src/eval/manifold_scores.h"

namespace helio::eval {
namespace {

// In pieces: a copy of all rows in float64 would take twice their memory.
Moments MomentsOf(const torch::Tensor& rows) {
  constexpr int64_t kRowsAtOnce = 4096;
  Moments moments;
  for (const auto& part : rows.split(kRowsAtOnce)) moments.Add(part);
  return moments;
}

Score KernelScore(const torch::Tensor& drawn, const torch::Tensor& real, const KernelDistanceOptions& kernel,
                  const std::string& protocol) {
  const auto distance = KernelDistanceOf(drawn, real, kernel);
  if (kernel.takes_all(drawn.size(0), real.size(0)))
    return {"kid", distance.mean, distance.deviation, protocol + ", 1 subset, all rows"};
  const int64_t subset = std::min({kernel.subset_size, drawn.size(0), real.size(0)});
  return {"kid", distance.mean, distance.deviation,
          protocol + ", " + std::to_string(kernel.subsets) + " subsets of " + std::to_string(subset) +
              ", seed=" + std::to_string(kernel.seed)};
}

void AddManifoldScores(const torch::Tensor& drawn, const torch::Tensor& real, int64_t neighbours,
                       const std::string& protocol, std::vector<Score>& scores) {
  const auto manifold = ManifoldScoresOf(real, drawn, neighbours);
  const auto full = protocol + ", k=" + std::to_string(neighbours);
  for (const auto& [name, value] : {std::pair{"precision", manifold.precision},
                                    {"recall", manifold.recall},
                                    {"density", manifold.density},
                                    {"coverage", manifold.coverage}})
    scores.push_back({name, value, 0, full});
}

}  // namespace

void DistanceChoice::Declare(OptionList& list) {
  list.Add("fid", &fid, AnyValue(),
           "Also the Frechet distance of --classifier's pooled features to those of the real pictures");
  list.Add("kid", &kid, AnyValue(), "Also the kernel distance (unbiased squared MMD) of these features");
  list.Add("prdc", &prdc, AnyValue(),
           "Also precision, recall, density and coverage of these features (5 neighbours)");
}

int64_t DistanceChoice::least_rows() const {
  if (prdc) return FeatureDistanceOptions().neighbours + 1;
  return any() ? 2 : 0;
}

std::vector<std::string> DistanceChoice::names() const {
  std::vector<std::string> names;
  if (fid) names.push_back("fid");
  if (kid) names.push_back("kid");
  if (prdc) names.insert(names.end(), {"precision", "recall", "density", "coverage"});
  return names;
}

std::vector<Score> DistanceScores(const torch::Tensor& drawn, const torch::Tensor& real,
                                  const FeatureDistanceOptions& options) {
  const auto protocol = "N=" + std::to_string(drawn.size(0)) + " against " + std::to_string(real.size(0)) +
                        " real, " + std::to_string(drawn.size(1)) + " features" +
                        (options.judge.empty() ? "" : " of " + options.judge);
  std::vector<Score> scores;
  if (options.choice.fid)
    scores.push_back({"fid", FrechetDistanceOf(MomentsOf(drawn), MomentsOf(real)), 0, protocol});
  if (options.choice.kid) scores.push_back(KernelScore(drawn, real, options.kernel, protocol));
  if (options.choice.prdc) AddManifoldScores(drawn, real, options.neighbours, protocol, scores);
  return scores;
}

NamedTensors WithRealOnce(NamedTensors merged, int64_t rows) {
  const auto once = FindTensor(merged, "positions", "features").lt(rows).sum().item<int64_t>();
  for (auto& [name, tensor] : merged)
    if (name == "real") tensor = tensor.narrow(0, 0, once);  // rows are in the order of positions
  return merged;
}

FeatureDistances::FeatureDistances(std::string name, ImageFunction features, FeatureDistanceOptions options)
    : Evaluator(std::move(name)), features_(std::move(features)), options_(std::move(options)) {}

void FeatureDistances::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  rows_.Add({{"positions", batch.positions},
             {"drawn", features_(batch.images).to(torch::kFloat32)},
             {"real", features_(batch.real).to(torch::kFloat32)}});
}

std::vector<Score> FeatureDistances::Finish(const NamedTensors& merged) const {
  return DistanceScores(FindTensor(merged, "drawn", name()), FindTensor(merged, "real", name()), options_);
}

}  // namespace helio::eval
