#include "dataio/reduction_weights.h"

#include <algorithm>
#include <cmath>

#include "src/base/to_device.h"

namespace helio::dataio {
namespace {

// Weights {out, in} of a triangle as wide as the reduction, each row adding up to 1.
torch::Tensor TriangleWeights(int64_t in, int64_t out) {
  auto weights = torch::zeros({out, in}, torch::kFloat64);
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  for (int64_t i = 0; i < out; ++i) {
    const double centre = scale * (static_cast<double>(i) + 0.5);
    const auto first = std::max<int64_t>(static_cast<int64_t>(centre - scale + 0.5), 0);
    const auto last = std::min<int64_t>(static_cast<int64_t>(centre + scale + 0.5), in);
    auto* row = weights.data_ptr<double>() + i * in;
    double total = 0;
    for (int64_t j = first; j < last; ++j) {
      row[j] = std::max(0.0, 1 - std::abs((static_cast<double>(j) - centre + 0.5) / scale));
      total += row[j];
    }
    for (int64_t j = first; j < last; ++j) row[j] /= total;
  }
  return weights;
}

// As whole numbers of 15 bits, and what they are to be divided by.
struct WholeWeights {
  torch::Tensor weights;
  double unit;
};
WholeWeights WholeWeightsOf(int64_t in, int64_t out) {
  constexpr int kMostBits = 22;
  const auto weights = TriangleWeights(in, out);
  const double largest = weights.max().item<double>();
  int bits = 0;
  while (bits < kMostBits && static_cast<int64_t>(0.5 + largest * std::ldexp(1, bits + 1)) < (1 << 15))
    ++bits;
  const double unit = std::ldexp(1, bits);
  return {(weights * unit + 0.5).floor(), unit};
}

}  // namespace

torch::Tensor ReducedByMatrices(const torch::Tensor& pictures, int64_t side) {
  const auto [host_weights, unit] = WholeWeightsOf(pictures.size(3), side);
  const auto weights = ToDevice(host_weights, pictures.device());
  const auto rounded = [&, whole = unit](const torch::Tensor& sums) {
    return ((sums + whole / 2) / whole).floor_().clamp_(0, 255);
  };
  const auto rows = rounded(torch::matmul(pictures.to(torch::kFloat64), weights.t()));
  return rounded(torch::matmul(weights, rows))
      .to(torch::kUInt8)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace helio::dataio
