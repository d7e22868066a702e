#include "src/eval/manifold_scores.h"

#include <cmath>

#include "src/base/error.h"
#include "src/base/finite.h"

namespace helio::eval {
namespace {

constexpr int64_t kRowsAtOnce = 512, kColumnsAtOnce = 4096;

// Distances {n, m} in float64 of rows {n, d} and {m, d}. In pieces: a copy of all rows in float64 would take
// twice their memory.
torch::Tensor Distances(const torch::Tensor& rows, const torch::Tensor& others) {
  std::vector<torch::Tensor> columns;
  const auto exact = rows.to(torch::kFloat64);
  for (const auto& part : others.split(kColumnsAtOnce))
    columns.push_back(torch::cdist(exact, part.to(torch::kFloat64)));
  return torch::cat(columns, 1);
}

// Distance of each row {n, d} to its k-th nearest other row: {n}.
torch::Tensor Radii(const torch::Tensor& rows, int64_t neighbours) {
  std::vector<torch::Tensor> radii;
  for (const auto& part : rows.split(kRowsAtOnce))
    // The nearest is the row itself.
    radii.push_back(std::get<0>(Distances(part, rows).kthvalue(neighbours + 1, 1)));
  return torch::cat(radii);
}

void CheckCount(const torch::Tensor& rows, int64_t neighbours) {
  if (rows.size(0) <= neighbours)
    ThrowUser("needs more than " + std::to_string(neighbours) + " pictures on each side", "--prdc",
              "evaluate more pictures");
}

}  // namespace

ManifoldScores ManifoldScoresOf(const torch::Tensor& real, const torch::Tensor& drawn, int64_t neighbours) {
  CheckCount(real, neighbours);
  CheckCount(drawn, neighbours);
  if (const double finite = (OneIfFinite(real) * OneIfFinite(drawn)).item<double>(); std::isnan(finite))
    return {finite, finite, finite, finite};
  const auto real_radii = Radii(real, neighbours), drawn_radii = Radii(drawn, neighbours);
  auto balls = torch::zeros({drawn.size(0)}, torch::kInt64);  // real ones around each drawn row
  double recalled = 0, covered = 0;
  for (int64_t first = 0; first < real.size(0); first += kRowsAtOnce) {
    const auto last = std::min(first + kRowsAtOnce, real.size(0));
    const auto distances = Distances(real.slice(0, first, last), drawn);
    const auto inside = distances.lt(real_radii.slice(0, first, last).unsqueeze(1));
    balls += inside.sum(0);
    covered += inside.any(1).sum().item<double>();
    recalled += distances.lt(drawn_radii.unsqueeze(0)).any(1).sum().item<double>();
  }
  const auto reals = static_cast<double>(real.size(0));
  return {balls.gt(0).to(torch::kFloat64).mean().item<double>(), recalled / reals,
          balls.to(torch::kFloat64).mean().item<double>() / static_cast<double>(neighbours), covered / reals};
}

}  // namespace helio::eval
