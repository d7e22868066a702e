#include "src/base/noise.h"

#include <ATen/CPUGeneratorImpl.h>

namespace helio {
namespace {

std::vector<int64_t> WithRows(int64_t rows, const std::vector<int64_t>& tail) {
  std::vector<int64_t> shape{rows};
  shape.insert(shape.end(), tail.begin(), tail.end());
  return shape;
}

}  // namespace

torch::Tensor NormalRows(uint64_t key, const RowRange& rows, std::vector<int64_t> tail, torch::Dtype dtype) {
  auto generator = at::detail::createCPUGenerator(key);
  const auto all = torch::randn(WithRows(rows.global, tail), generator, torch::kFloat32);
  return all.narrow(0, rows.first, rows.local).to(dtype).contiguous();
}

torch::Tensor NormalOfRows(uint64_t key, const RowRange& rows, std::vector<int64_t> tail) {
  auto noise = torch::empty(WithRows(rows.local, tail), torch::kFloat32);
  for (int64_t i = 0; i < rows.local; ++i) {
    auto generator = at::detail::createCPUGenerator(RandomKey(key, "row", {rows.first + i}));
    noise[i].normal_(0, 1, generator);
  }
  return noise;
}

torch::Tensor UniformRows(uint64_t key, const RowRange& rows, std::vector<int64_t> tail, torch::Dtype dtype) {
  auto generator = at::detail::createCPUGenerator(key);
  const auto all = torch::rand(WithRows(rows.global, tail), generator, torch::kFloat32);
  return all.narrow(0, rows.first, rows.local).to(dtype).contiguous();
}

}  // namespace helio
