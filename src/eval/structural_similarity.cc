#include "src/eval/structural_similarity.h"

#include "src/base/error.h"

namespace helio::eval {
namespace {

constexpr int64_t kWindow = 11;
constexpr double kDeviation = 1.5, kLuminance = 1e-4, kContrast = 9e-4;  // (K1 L)^2, (K2 L)^2, L = 1
constexpr std::array kWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

// A Gaussian line with a sum of 1: the window is its product with itself.
std::array<double, kWindow> Line() {
  std::array<double, kWindow> line{};
  double sum = 0;
  for (int64_t i = 0; i < kWindow; ++i) {
    const auto place = static_cast<double>(i - (kWindow - 1) / 2);
    sum += line[static_cast<size_t>(i)] = std::exp(-place * place / (2 * kDeviation * kDeviation));
  }
  for (auto& weight : line) weight /= sum;
  return line;
}

// The window's means of pictures {B, 3, h, w}: {B, 3, h - 10, w - 10}. One direction after the other: 22
// products a pixel in place of 121.
torch::Tensor Blur(torch::Tensor pictures) {
  static const auto line = Line();
  for (const int64_t dim : {2, 3}) {
    const int64_t side = pictures.size(dim) - kWindow + 1;
    auto sum = pictures.narrow(dim, 0, side) * line[0];
    for (int64_t i = 1; i < kWindow; ++i)
      sum.add_(pictures.narrow(dim, i, side), line[static_cast<size_t>(i)]);
    pictures = sum;
  }
  return pictures;
}

SimilarityScale ScaleOf(const torch::Tensor& pictures) {
  const auto mean = Blur(pictures);
  return {pictures, mean, Blur(pictures.square()) - mean.square()};
}

struct Terms {
  torch::Tensor similarity, contrast;  // {B, 3}: the whole index, and without luminance
};

Terms TermsOf(const SimilarityScale& a, const SimilarityScale& b) {
  const auto product = a.mean * b.mean;
  const auto covariance = Blur(a.pictures * b.pictures) - product;
  const auto contrast = (2 * covariance + kContrast) / (a.variance + b.variance + kContrast);
  const auto luminance = (2 * product + kLuminance) / (a.mean.square() + b.mean.square() + kLuminance);
  return {(luminance * contrast).mean({2, 3}), contrast.mean({2, 3})};
}

}  // namespace

int64_t SimilarityScales(int64_t side) {
  int64_t scales = 0;
  for (; scales < std::ssize(kWeights) && side >= kWindow; side /= 2) ++scales;
  return scales;
}

std::vector<SimilarityScale> ScalesOf(const torch::Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  const int64_t side = std::min(pictures.size(2), pictures.size(3)), count = SimilarityScales(side);
  if (count == 0)
    ThrowUser("pictures of " + std::to_string(side) +
              " pixels a side have no structural similarity, which needs " + std::to_string(kWindow));
  std::vector<SimilarityScale> scales;
  auto seen = (pictures.to(torch::kFloat64) + 1) / 2;
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) seen = at::avg_pool2d(seen, {2, 2});
    scales.push_back(ScaleOf(seen));
  }
  return scales;
}

torch::Tensor StructuralSimilarity(const std::vector<SimilarityScale>& a,
                                   const std::vector<SimilarityScale>& b) {
  const torch::NoGradGuard no_grad;
  CHECK_EQ(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += kWeights[i];
  torch::Tensor similarity;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto terms = TermsOf(a[i], b[i]);
    // Negative ones have no such power.
    const auto factor = (i + 1 == a.size() ? terms.similarity : terms.contrast).clamp_min(0);
    const auto power = factor.pow(kWeights[i] / sum);
    similarity = i == 0 ? power : similarity * power;
  }
  return similarity.mean(1);
}

torch::Tensor StructuralSimilarity(const torch::Tensor& a, const torch::Tensor& b) {
  return StructuralSimilarity(ScalesOf(a), ScalesOf(b));
}

}  // namespace helio::eval
