#include "src/nn/spatial_transformer.h"

#include "src/base/precision.h"

namespace helio::nn {
namespace {

// {N, places, cells}: how much of each cell of one axis a coordinate in [-1, 1] sees.
torch::Tensor AxisWeights(const torch::Tensor& coordinate, int64_t cells) {
  const auto place = (coordinate.flatten(1) + 1) * (0.5 * static_cast<double>(cells - 1));
  const auto cell = torch::arange(cells, coordinate.options());
  return (1 - (place.unsqueeze(-1) - cell).abs()).relu();
}

}  // namespace

torch::Tensor PasteOf(const torch::Tensor& theta) {
  const auto scale = theta.narrow(-1, 0, 2).diagonal(0, -2, -1).reciprocal();
  const auto shift = theta.select(-1, 2) * -scale;
  return torch::cat({torch::diag_embed(scale), shift.unsqueeze(-1)}, -1);
}

torch::Tensor AffineGrid(const torch::Tensor& theta, int64_t height, int64_t width) {
  const FullPrecision full;  // of places, not of features
  const auto y = torch::linspace(-1, 1, height, theta.options()).view({-1, 1, 1}).expand({height, width, 1});
  const auto x = torch::linspace(-1, 1, width, theta.options()).view({1, -1, 1}).expand({height, width, 1});
  const auto base = torch::cat({y, x, torch::ones_like(y)}, -1).view({1, height * width, 3});
  return base.expand({theta.size(0), -1, -1}).bmm(theta.transpose(1, 2)).view({-1, height, width, 2});
}

torch::Tensor SamplingWeights(const torch::Tensor& grid, int64_t height, int64_t width) {
  const auto y = AxisWeights(grid.select(-1, 0), height), x = AxisWeights(grid.select(-1, 1), width);
  return (y.unsqueeze(-1) * x.unsqueeze(-2)).flatten(2);
}

torch::Tensor Sampled(const torch::Tensor& features, const torch::Tensor& grid) {
  const auto weights = SamplingWeights(grid, features.size(2), features.size(3)).to(features.scalar_type());
  const auto cells = features.permute({0, 2, 3, 1}).flatten(1, 2);  // {N, H W, C}: free of copies where the
                                                                    // features are channels-last
  return weights.bmm(cells).view({-1, grid.size(1), grid.size(2), features.size(1)}).permute({0, 3, 1, 2});
}

torch::Tensor SampledConstant(const torch::Tensor& values, const torch::Tensor& grid, int64_t side) {
  const auto inside = SamplingWeights(grid, side, side).sum(-1).to(values.scalar_type());  // {N, h w}
  const auto map = inside.unsqueeze(-1) * values.unsqueeze(1);
  return map.view({-1, grid.size(1), grid.size(2), values.size(1)}).permute({0, 3, 1, 2});
}

}  // namespace helio::nn
