#include "src/eval/kernel_distance.h"

#include <numeric>

#include "src/base/error.h"
#include "src/base/random.h"

namespace helio::eval {
namespace {

torch::Tensor CubicKernel(const torch::Tensor& x, const torch::Tensor& y) {
  return (x.matmul(y.t()) / static_cast<double>(x.size(1)) + 1).pow(3);
}

double MeanOffDiagonal(const torch::Tensor& kernel) {
  const auto n = static_cast<double>(kernel.size(0));
  return ((kernel.sum() - kernel.trace()) / (n * (n - 1))).item<double>();
}

// `size` different rows of `count`: the head of a shuffle.
torch::Tensor Subset(int64_t count, int64_t size, RandomStream random) {
  std::vector<int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  for (int64_t i = 0; i < size; ++i) std::swap(rows[i], rows[i + random.Below(count - i)]);
  rows.resize(size);
  return torch::tensor(rows, torch::kInt64);
}

}  // namespace

double SquaredMmd(const torch::Tensor& x, const torch::Tensor& y) {
  const auto a = x.to(torch::kFloat64), b = y.to(torch::kFloat64);
  const double cross = CubicKernel(a, b).mean().item<double>();
  return MeanOffDiagonal(CubicKernel(a, a)) + MeanOffDiagonal(CubicKernel(b, b)) - 2 * cross;
}

MeanDeviation KernelDistanceOf(const torch::Tensor& x, const torch::Tensor& y,
                               const KernelDistanceOptions& options) {
  const int64_t size = std::min({options.subset_size, x.size(0), y.size(0)});
  if (size < 2)
    ThrowUser("needs at least 2 pictures on each side", "kernel distance", "evaluate more pictures");
  if (options.takes_all(x.size(0), y.size(0))) return Summarize({SquaredMmd(x, y)});
  std::vector<double> distances;
  for (int64_t i = 0; i < options.subsets; ++i) {
    const auto rows_x = Subset(x.size(0), size, RandomStream(RandomKey(options.seed, "kid x", {i})));
    const auto rows_y = Subset(y.size(0), size, RandomStream(RandomKey(options.seed, "kid y", {i})));
    distances.push_back(SquaredMmd(x.index_select(0, rows_x), y.index_select(0, rows_y)));
  }
  return Summarize(std::move(distances));
}

}  // namespace helio::eval
