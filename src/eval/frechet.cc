#include "src/eval/frechet.h"

#include "src/base/error.h"

namespace helio::eval {
namespace {

torch::Tensor SymmetricSqrt(const torch::Tensor& matrix) {
  const auto [values, vectors] = torch::linalg_eigh(matrix);
  return vectors.mul(values.clamp_min(0).sqrt()).matmul(vectors.t());
}

}  // namespace

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

NamedTensors Moments::State(const std::string& prefix) const {
  if (count_ == 0) return {};
  return {{prefix + "count", torch::tensor({count_}, torch::kFloat64)},
          {prefix + "mean", mean_.unsqueeze(0)},
          {prefix + "scatter", scatter_.unsqueeze(0)}};
}

Moments Moments::FromState(const NamedTensors& state, const std::string& prefix) {
  const auto& counts = FindTensor(state, prefix + "count", "frechet distance");
  const auto& means = FindTensor(state, prefix + "mean", "frechet distance");
  const auto& scatters = FindTensor(state, prefix + "scatter", "frechet distance");
  Moments merged;
  for (int64_t i = 0; i < counts.size(0); ++i) {
    Moments one;
    one.count_ = counts[i].item<double>();
    one.mean_ = means[i].clone();
    one.scatter_ = scatters[i].clone();
    merged.Merge(one);
  }
  return merged;
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
  const double means = (a.mean() - b.mean()).square().sum().item<double>();
  const double traces = (covariance_a.trace() + covariance_b.trace()).item<double>();
  return means + traces - 2 * TraceSqrtProduct(covariance_a, covariance_b);
}

FrechetDistance::FrechetDistance(std::string name, ImageFunction features, std::string judge,
                                 std::optional<Moments> reference)
    : Evaluator(std::move(name)),
      features_(std::move(features)),
      judge_(std::move(judge)),
      reference_(std::move(reference)) {}

void FrechetDistance::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  drawn_.Add(features_(batch.images));
  if (!reference_) real_.Add(features_(batch.real));
}

NamedTensors FrechetDistance::Partial() const {
  NamedTensors state = drawn_.State("drawn.");
  for (auto& item : real_.State("real.")) state.push_back(std::move(item));
  return state;
}

std::vector<Score> FrechetDistance::Finish(const NamedTensors& merged) const {
  const Moments drawn = Moments::FromState(merged, "drawn.");
  const Moments real = reference_ ? *reference_ : Moments::FromState(merged, "real.");
  std::ostringstream protocol;
  protocol << "N=" << drawn.count() << " against " << real.count() << " real, " << drawn.mean().size(0)
           << " features";
  if (!judge_.empty()) protocol << " judge=" << judge_;
  return {{name(), FrechetDistanceOf(drawn, real), 0, protocol.str()}};
}

}  // namespace helio::eval
