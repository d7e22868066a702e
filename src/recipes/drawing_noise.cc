#include "src/recipes/drawing_noise.h"

#include "src/base/noise.h"

namespace helio::recipes {
namespace {

// A place on the great circle from `a` to `b`; where they point the same or opposite ways, on the line.
torch::Tensor OnGreatCircle(const torch::Tensor& a, const torch::Tensor& b, double share) {
  const double cosine = (a.dot(b) / (a.norm() * b.norm()).clamp_min(1e-20)).clamp(-1, 1).item<double>();
  const double angle = std::acos(cosine), sine = std::sin(angle);
  if (sine < 1e-6) return a * (1 - share) + b * share;
  return a * (std::sin((1 - share) * angle) / sine) + b * (std::sin(share * angle) / sine);
}

}  // namespace

DrawingRows RowsOf(uint64_t seed, const RowRange& rows) {
  DrawingRows all;
  for (int64_t i = 0; i < rows.local; ++i) all.push_back({seed, rows.first + i});
  return all;
}

torch::Tensor DrawingNoise(const DrawingRows& rows, const char* purpose, int64_t size,
                           const torch::Tensor& like, std::initializer_list<int64_t> number) {
  const auto of_seed = [&](uint64_t seed, int64_t row) {
    return NormalOfRows(RandomKey(seed, purpose, number), {row, 1, row + 1}, {size})[0];
  };
  auto noise = torch::empty({std::ssize(rows), size}, torch::kFloat32);
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    const auto& row = rows[static_cast<size_t>(i)];
    auto own = of_seed(row.seed, row.row);
    if (row.share > 0) own = OnGreatCircle(own, of_seed(row.other_seed, row.row), row.share);
    noise[i].copy_(own);
  }
  return noise.to(like.device(), like.scalar_type());
}

}  // namespace helio::recipes
