#include "src/eval/caption_diversity.h"

#include "src/eval/structural_similarity.h"

namespace helio::eval {
namespace {

constexpr int64_t kCaptionsAtOnce = 8;  // bounds what their pictures at all scales take, in float64

// The mean similarity {B} over the pairs of each caption's pictures, rows [first, last).
torch::Tensor PairSimilarity(const std::vector<torch::Tensor>& several, int64_t first, int64_t last) {
  std::vector<std::vector<SimilarityScale>> scales;
  for (const auto& pictures : several) scales.push_back(ScalesOf(pictures.slice(0, first, last)));
  auto sum = torch::zeros({last - first}, torch::kFloat64);
  for (size_t i = 0; i < scales.size(); ++i)
    for (size_t j = i + 1; j < scales.size(); ++j) sum += StructuralSimilarity(scales[i], scales[j]).cpu();
  return sum / (static_cast<double>(scales.size() * (scales.size() - 1)) / 2);
}

}  // namespace

void CaptionDiversity::Consume(const EvalBatch& batch) {
  const auto count = std::ssize(batch.several);
  CHECK_GE(count, 2);
  const int64_t rows = batch.positions.size(0);
  std::vector<torch::Tensor> similarity;
  for (int64_t first = 0; first < rows; first += kCaptionsAtOnce)
    similarity.push_back(PairSimilarity(batch.several, first, std::min(first + kCaptionsAtOnce, rows)));
  rows_.Add({{"positions", batch.positions},
             {"diversity", 1 - torch::cat(similarity)},
             {"pictures", torch::full({rows}, count, torch::kInt64)},
             {"scales", torch::full({rows}, SimilarityScales(batch.several[0].size(2)), torch::kInt64)}});
}

std::vector<Score> CaptionDiversity::Finish(const NamedTensors& merged) const {
  const auto& diversity = FindTensor(merged, "diversity", name());
  const auto first = [&](const char* what) {
    return std::to_string(FindTensor(merged, what, name())[0].item<int64_t>());
  };
  const auto found = FoldMeans(diversity, 10);
  return {{name(), found.mean, found.deviation,
           "captions=" + std::to_string(diversity.size(0)) + " pictures of each=" + first("pictures") +
               " folds=10, 1 - MS-SSIM of " + first("scales") + " scales"}};
}

}  // namespace helio::eval
