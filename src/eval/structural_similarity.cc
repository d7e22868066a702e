#include "src/eval/structural_similarity.h"

#include "src/base/error.h"

namespace helio::eval {
namespace {

constexpr int64_t kWindow = 11;
constexpr double kDeviation = 1.5, kLuminance = 1e-4, kContrast = 9e-4;  // (K1 L)^2, (K2 L)^2, L = 1
constexpr std::array kWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

// {3, 1, 11, 11}, a sum of 1 each.
torch::Tensor Window(const torch::TensorOptions& options) {
  const auto place = torch::arange(kWindow, options) - (kWindow - 1) / 2;
  auto line = (place.square() / (-2 * kDeviation * kDeviation)).exp();
  line = line / line.sum();
  return line.outer(line).expand({3, 1, kWindow, kWindow});
}

struct Terms {
  torch::Tensor similarity, contrast;  // {B, 3}: the whole index, and without luminance
};

Terms TermsOf(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& window) {
  const auto blur = [&](const torch::Tensor& x) {
    return at::convolution(x, window, {}, {1, 1}, {0, 0}, {1, 1}, /*transposed=*/false, {0, 0}, 3);
  };
  const auto mean_a = blur(a), mean_b = blur(b);
  const auto product = mean_a * mean_b, squares = mean_a.square() + mean_b.square();
  const auto covariance = blur(a * b) - product, variances = blur(a.square() + b.square()) - squares;
  const auto contrast = (2 * covariance + kContrast) / (variances + kContrast);
  const auto luminance = (2 * product + kLuminance) / (squares + kLuminance);
  return {(luminance * contrast).mean({2, 3}), contrast.mean({2, 3})};
}

}  // namespace

int64_t SimilarityScales(int64_t side) {
  int64_t scales = 0;
  for (; scales < std::ssize(kWeights) && side >= kWindow; side /= 2) ++scales;
  return scales;
}

torch::Tensor StructuralSimilarity(const torch::Tensor& a, const torch::Tensor& b) {
  const torch::NoGradGuard no_grad;
  const int64_t side = std::min(a.size(2), a.size(3)), scales = SimilarityScales(side);
  if (scales == 0)
    ThrowUser("pictures of " + std::to_string(side) +
              " pixels a side have no structural similarity, which needs " + std::to_string(kWindow));
  auto first = (a.to(torch::kFloat64) + 1) / 2, second = (b.to(torch::kFloat64) + 1) / 2;
  const auto window = Window(first.options());
  double sum = 0;
  for (int64_t i = 0; i < scales; ++i) sum += kWeights[static_cast<size_t>(i)];
  auto similarity = torch::ones({a.size(0), 3}, first.options());
  for (int64_t i = 0; i < scales; ++i) {
    const auto terms = TermsOf(first, second, window);
    const bool last = i + 1 == scales;
    // Negative ones have no such power.
    const auto factor = (last ? terms.similarity : terms.contrast).clamp_min(0);
    similarity = similarity * factor.pow(kWeights[static_cast<size_t>(i)] / sum);
    if (last) break;
    first = at::avg_pool2d(first, {2, 2});
    second = at::avg_pool2d(second, {2, 2});
  }
  return similarity.mean(1);
}

}  // namespace helio::eval
