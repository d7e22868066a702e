#include "src/losses/colour.h"

#include "src/base/precision.h"

namespace helio::losses {

std::pair<torch::Tensor, torch::Tensor> ColourStatistics(const torch::Tensor& images) {
  const FullPrecision full;
  const auto pixels = Exact(images).flatten(2);
  const auto mean = pixels.mean(2, /*keepdim=*/true);
  const auto distance = pixels - mean;
  return {mean.squeeze(2), torch::bmm(distance, distance.transpose(1, 2)) / pixels.size(2)};
}

LossTerms ColourConsistency(const std::vector<torch::Tensor>& images, const BatchScope& scope) {
  const auto distance = [&](const torch::Tensor& a, const torch::Tensor& b) {
    return scope.Mean((a - b).square(), scope.rows.global * a[0].numel());
  };
  LossTerms terms;
  int number = 2;
  for (size_t fine = images.size(); fine-- > 1 && number > 0; --number) {
    const auto [mean, covariance] = ColourStatistics(images[fine]);
    const auto [coarse_mean, coarse_covariance] = ColourStatistics(images[fine - 1].detach());
    terms.push_back({"like_mu" + std::to_string(number), distance(mean, coarse_mean)});
    terms.push_back({"like_cov" + std::to_string(number), 5 * distance(covariance, coarse_covariance)});
  }
  return terms;
}

}  // namespace helio::losses
