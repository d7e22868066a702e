#include "src/eval/caption_diversity.h"

#include "src/eval/structural_similarity.h"

namespace helio::eval {

void CaptionDiversity::Consume(const EvalBatch& batch) {
  const auto count = std::ssize(batch.several);
  CHECK_GE(count, 2);
  const int64_t rows = batch.positions.size(0);
  auto similarity = torch::zeros({rows}, torch::kFloat64);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = i + 1; j < count; ++j)
      similarity +=
          StructuralSimilarity(batch.several[static_cast<size_t>(i)], batch.several[static_cast<size_t>(j)])
              .cpu();
  const auto pairs = static_cast<double>(count * (count - 1)) / 2;
  rows_.Add({{"positions", batch.positions},
             {"diversity", 1 - similarity / pairs},
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
