#include "src/eval/frechet.h"

#include "src/base/error.h"
#include "src/base/finite.h"

namespace helio::eval {
namespace {

torch::Tensor SymmetricSqrt(const torch::Tensor& matrix) {
  const auto [values, vectors] = torch::linalg_eigh(matrix);
  return vectors.mul(values.clamp_min(0).sqrt()).matmul(vectors.t());
}

}  // namespace

Moments Moments::Of(const torch::Tensor& mean, const torch::Tensor& covariance) {
  Moments moments;
  moments.count_ = 2;  // the scatter of two samples is their covariance
  moments.mean_ = mean.to(torch::kFloat64);
  moments.scatter_ = covariance.to(torch::kFloat64);
  return moments;
}

void Moments::Add(const torch::Tensor& rows) {
  if (rows.size(0) == 0) return;
  Moments own;
  const auto values = rows.detach().to(torch::kCPU, torch::kFloat64);
  own.count_ = static_cast<double>(values.size(0));
  own.mean_ = values.mean(0);
  const auto centred = values - own.mean_;
  own.scatter_ = centred.t().matmul(centred);
  Merge(own);
}

void Moments::Merge(const Moments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const double total = count_ + other.count_;
  const auto shift = other.mean_ - mean_;
  scatter_ = scatter_ + other.scatter_ + torch::outer(shift, shift) * (count_ * other.count_ / total);
  mean_ = mean_ + shift * (other.count_ / total);
  count_ = total;
}

torch::Tensor Moments::Covariance() const {
  if (count_ < 2)
    ThrowUser("needs at least 2 pictures on each side", "frechet distance", "evaluate more pictures");
  return scatter_ / (count_ - 1);
}

double TraceSqrtProduct(const torch::Tensor& a, const torch::Tensor& b) {
  const auto root = SymmetricSqrt(a);
  const auto inner = root.matmul(b).matmul(root);
  // Rounding leaves `inner` a little unsymmetric; eigvalsh reads one triangle only.
  const auto values = torch::linalg_eigvalsh((inner + inner.t()) / 2, "L");
  return values.clamp_min(0).sqrt().sum().item<double>();
}

double FrechetDistanceOf(const Moments& a, const Moments& b) {
  const auto covariance_a = a.Covariance(), covariance_b = b.Covariance();
  if (const double finite = (OneIfFinite(covariance_a) * OneIfFinite(covariance_b)).item<double>();
      std::isnan(finite))
    return finite;  // which the eigenproblems would refuse
  const double means = (a.mean() - b.mean()).square().sum().item<double>();
  const double traces = (covariance_a.trace() + covariance_b.trace()).item<double>();
  return means + traces - 2 * TraceSqrtProduct(covariance_a, covariance_b);
}

}  // namespace helio::eval
