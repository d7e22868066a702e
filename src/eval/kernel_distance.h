#pragma once
#include <algorithm>

#include "src/base/tensor.h"
#include "src/eval/evaluator.h"

namespace helio::eval {

struct KernelDistanceOptions {
  int64_t subsets = 100;
  int64_t subset_size = 1000;  // reduced to the number of samples where one side has fewer
  uint64_t seed = 2020;
  // Whether n and m rows fit a subset as they are: it is drawn once, as another would be the same.
  bool takes_all(int64_t n, int64_t m) const { return std::max(n, m) <= subset_size; }
};

// Unbiased estimate of the squared maximum mean discrepancy of x {n, d} and y {m, d} with the kernel (x.y / d
// + 1)^3, float64; n, m >= 2. Binkowski et al. 2018, section 4 and eq. 4 of the appendix.
double SquaredMmd(const torch::Tensor& x, const torch::Tensor& y);

// The kernel distance (KID): the same of seeded subsets drawn without repetition, mean and deviation over the
// subsets. Where a subset takes all rows of both sides it is drawn once, and there is no deviation.
MeanDeviation KernelDistanceOf(const torch::Tensor& x, const torch::Tensor& y,
                               const KernelDistanceOptions& options);

}  // namespace helio::eval
