#pragma once
#include "src/base/tensor.h"

namespace helio::eval {

// Mean and scatter (sum of outer products of deviations) of a stream of rows {n, d}, in float64. Merging is
// exact up to rounding (Chan, Golub, LeVeque 1983).
class Moments {
 public:
  // Of statistics that others computed: mean {d} and covariance {d, d} (divided by count - 1).
  static Moments Of(const torch::Tensor& mean, const torch::Tensor& covariance);
  void Add(const torch::Tensor& rows);
  void Merge(const Moments& other);
  double count() const { return count_; }
  const torch::Tensor& mean() const { return mean_; }  // {d}
  torch::Tensor Covariance() const;  // {d, d}, divided by count - 1; count >= 2, else Error{kUser}

 private:
  double count_ = 0;
  torch::Tensor mean_, scatter_;
};

// tr((A B)^1/2) for symmetric positive semi-definite A, B {d, d} float64, by two symmetric eigenproblems:
// tr((A^1/2 B A^1/2)^1/2). Small negative eigenvalues count as zero.
double TraceSqrtProduct(const torch::Tensor& a, const torch::Tensor& b);

// |mu_a - mu_b|^2 + tr(A + B - 2 (A B)^1/2). Heusel et al. 2017, eq. 6.
double FrechetDistanceOf(const Moments& a, const Moments& b);

}  // namespace helio::eval
