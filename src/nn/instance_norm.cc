#include "src/nn/instance_norm.h"

#include <array>

#include "src/base/precision.h"

namespace helio::nn {
namespace {

constexpr double kInstanceEpsilon = 1e-5;
constexpr std::array<int64_t, 2> kMapDimensions = {2, 3};

// Positions are added up in so many pieces, whatever the number of threads.
constexpr int64_t kPieces = 8;

bool IsPlainMap(const torch::Tensor& map) {
  return map.is_cpu() && map.scalar_type() == torch::kFloat32 &&
         map.is_contiguous(torch::MemoryFormat::ChannelsLast) && map.numel() > 0;
}

// A channels-last map of float32 on the CPU, as positions of channels.
struct MapView {
  explicit MapView(const torch::Tensor& map)
      : values(map.const_data_ptr<float>()),
        pictures(map.size(0)),
        channels(map.size(1)),
        positions(map.size(2) * map.size(3)) {}

  const float* At(int64_t picture, int64_t position) const {
    return values + (picture * positions + position) * channels;
  }

  const float* values;
  int64_t pictures, channels, positions;
};

// function(picture, piece, first position, end) for all pieces of all pictures, on all threads.
template <class OfPiece>
void ForPieces(const MapView& map, const OfPiece& function) {
  at::parallel_for(0, map.pictures * kPieces, 1, [&](int64_t begin, int64_t end) {
    for (auto i = begin; i < end; ++i)
      function(i / kPieces, i % kPieces, map.positions * (i % kPieces) / kPieces,
               map.positions * (i % kPieces + 1) / kPieces);
  });
}

// The means over each map's positions of two numbers of each element, {2, N, C, 1, 1} float64, added in
// float64 in one order. add(picture, position, sums, other sums) adds a position's channels.
template <class AddPosition>
torch::Tensor MeansOverMaps(const MapView& map, const AddPosition& add) {
  const auto sums = torch::zeros({kPieces, 2, map.pictures, map.channels}, torch::kFloat64);
  auto* all = sums.mutable_data_ptr<double>();
  ForPieces(map, [&](int64_t picture, int64_t piece, int64_t begin, int64_t end) {
    auto* first = all + (piece * 2 * map.pictures + picture) * map.channels;
    for (auto position = begin; position < end; ++position)
      add(picture, position, first, first + map.pictures * map.channels);
  });
  return sums.sum(0).div_(static_cast<double>(map.positions)).unsqueeze(-1).unsqueeze(-1);
}

struct Statistics {
  torch::Tensor mean, factor;  // {N, C, 1, 1}; factor = 1 / sqrt(variance + epsilon)
};

// As precise as torch::var_mean, which adds in float64, too, but one element after the other in a scalar
// loop.
Statistics PlainStatistics(const MapView& map, const torch::Tensor& input) {
  const auto means = MeansOverMaps(map, [&](int64_t picture, int64_t position, double* sum, double* square) {
    const auto* values = map.At(picture, position);
    for (int64_t c = 0; c < map.channels; ++c) {
      const double value = values[c];
      sum[c] += value;
      square[c] += value * value;
    }
  });
  const auto variance = (means[1] - means[0].square()).clamp_min_(0);
  return {means[0].to(input.dtype()), variance.to(input.dtype()).add_(kInstanceEpsilon).rsqrt_()};
}

Statistics StatisticsOf(const torch::Tensor& input) {
  if (IsPlainMap(input)) return PlainStatistics(MapView(input), input);
  const auto [variance, mean] = torch::var_mean(input, kMapDimensions, /*correction=*/0, /*keepdim=*/true);
  return {mean, (variance + kInstanceEpsilon).rsqrt_()};
}

torch::Tensor Normalised(const torch::Tensor& input, const Statistics& of) {
  return (input - of.mean).mul_(of.factor);
}

// factor * (dy - mean(dy) - xhat * mean(dy * xhat)), in two passes.
torch::Tensor PlainGradient(const torch::Tensor& output_gradient, const torch::Tensor& input,
                            const Statistics& of) {
  const MapView x(input), dy(output_gradient);
  const auto *mean = of.mean.const_data_ptr<float>(), *factor = of.factor.const_data_ptr<float>();
  const auto normed = [&](int64_t row, int64_t c, const float* values) {
    return (values[c] - mean[row + c]) * factor[row + c];
  };
  const auto means = MeansOverMaps(x, [&](int64_t picture, int64_t position, double* sum, double* dot) {
    const auto *values = x.At(picture, position), *gradients = dy.At(picture, position);
    for (int64_t c = 0; c < x.channels; ++c) {
      sum[c] += gradients[c];
      dot[c] += static_cast<double>(gradients[c] * normed(picture * x.channels, c, values));
    }
  });
  const auto rounded = means.to(torch::kFloat32);
  const auto *mean_dy = rounded.const_data_ptr<float>(), *along = mean_dy + x.pictures * x.channels;
  auto result = torch::empty_like(input);
  auto* to = result.mutable_data_ptr<float>();
  ForPieces(x, [&](int64_t picture, int64_t, int64_t begin, int64_t end) {
    const auto row = picture * x.channels;
    for (auto position = begin; position < end; ++position) {
      const auto *values = x.At(picture, position), *gradients = dy.At(picture, position);
      auto* place = to + (picture * x.positions + position) * x.channels;
      for (int64_t c = 0; c < x.channels; ++c)
        place[c] =
            (gradients[c] - mean_dy[row + c] - normed(row, c, values) * along[row + c]) * factor[row + c];
    }
  });
  return result;
}

torch::Tensor GradientOf(const torch::Tensor& output_gradient, const torch::Tensor& input,
                         const Statistics& of) {
  const auto normed = Normalised(input, of);
  const auto along = (output_gradient * normed).mean(kMapDimensions, /*keepdim=*/true);
  return torch::addcmul(output_gradient - output_gradient.mean(kMapDimensions, /*keepdim=*/true), normed,
                        along, -1)
      .mul_(of.factor);
}

// Written out because torch's kernels (2.11, CPU) miss the published code's numbers: instance_norm does not
// reproduce the recorded gradients of channels-last maps, and the sums of group_norm are half as precise.
class InstanceNormFunction : public torch::autograd::Function<InstanceNormFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& own) {
    const auto input = Exact(own);
    const auto of = StatisticsOf(input);
    context->save_for_backward({own, of.mean, of.factor});
    return Normalised(input, of).to(own.dtype());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Statistics of{saved[1], saved[2]};
    const auto input = Exact(saved[0]), gradient = Exact(gradients[0]);
    const bool plain = !torch::GradMode::is_enabled() && IsPlainMap(input) && gradient.is_cpu();
    const auto result = plain
                            ? PlainGradient(gradient.contiguous(torch::MemoryFormat::ChannelsLast), input, of)
                            : GradientOf(gradient, input, of);
    return {result.to(saved[0].dtype())};
  }
};

}  // namespace

torch::Tensor InstanceNormImpl::forward(const torch::Tensor& input) {
  return InstanceNormFunction::apply(input);
}

}  // namespace helio::nn
