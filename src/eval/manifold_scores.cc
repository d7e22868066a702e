#include "src/eval/manifold_scores.h"

#include <cmath>

#include "src/base/error.h"
#include "src/base/finite.h"

namespace helio::eval {
namespace {

constexpr int64_t kRowsAtOnce = 512;

// Distance of each row {n, d} to its k-th nearest other row: {n}.
torch::Tensor Radii(const torch::Tensor& rows, int64_t neighbours) {
  std::vector<torch::Tensor> radii;
  for (const auto& part : rows.split(kRowsAtOnce))
    // The nearest is the row itself.
    radii.push_back(std::get<0>(torch::cdist(part, rows).kthvalue(neighbours + 1, 1)));
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
  const auto x = real.to(torch::kFloat64), y = drawn.to(torch::kFloat64);
  if (const double finite = (OneIfFinite(x) * OneIfFinite(y)).item<double>(); std::isnan(finite))
    return {finite, finite, finite, finite};
  const auto radii_x = Radii(x, neighbours), radii_y = Radii(y, neighbours);
  auto balls = torch::zeros({y.size(0)}, torch::kInt64);  // real ones around each drawn row
  double recalled = 0, covered = 0;
  for (int64_t first = 0; first < x.size(0); first += kRowsAtOnce) {
    const auto last = std::min(first + kRowsAtOnce, x.size(0));
    const auto distances = torch::cdist(x.slice(0, first, last), y);
    const auto inside = distances.lt(radii_x.slice(0, first, last).unsqueeze(1));
    balls += inside.sum(0);
    covered += inside.any(1).sum().item<double>();
    recalled += distances.lt(radii_y.unsqueeze(0)).any(1).sum().item<double>();
  }
  const auto reals = static_cast<double>(x.size(0));
  return {balls.gt(0).to(torch::kFloat64).mean().item<double>(), recalled / reals,
          balls.to(torch::kFloat64).mean().item<double>() / static_cast<double>(neighbours), covered / reals};
}

}  // namespace helio::eval
