#include "src/nn/channel_sums.h"

namespace helio::nn {
namespace {

constexpr int64_t kRowsAtOnce = 2048;

std::vector<int64_t> AllButChannels(const torch::Tensor& input) {
  std::vector<int64_t> dimensions{0};
  for (int64_t i = 2; i < input.dim(); ++i) dimensions.push_back(i);
  return dimensions;
}

torch::Tensor ChannelSums(const torch::Tensor& input) {
  return input.numel() == 0 ? torch::zeros({input.size(1)}, input.options().dtype(torch::kFloat64))
                            : input.sum(AllButChannels(input)).to(torch::kFloat64);
}

std::vector<torch::Tensor> Pieces(const torch::Tensor& input) {
  if (!NeedsPieces(input)) return {input};
  auto pieces = input.permute({0, 2, 3, 1}).reshape({-1, input.size(1)}).split(kRowsAtOnce);
  for (auto& piece : pieces) piece = piece.t().unsqueeze(0).unsqueeze(-1);  // {1, C, rows, 1}, channels-last
  return pieces;
}

}  // namespace

bool NeedsPieces(const torch::Tensor& input) {
  return input.device().is_cpu() && input.dim() == 4 && input.scalar_type() == torch::kFloat32 &&
         input.numel() > kRowsAtOnce * input.size(1) && !input.is_contiguous() &&
         input.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor PerChannel(const torch::Tensor& values, const torch::Tensor& like) {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[1] = -1;
  return values.view(shape);
}

torch::Tensor InFormatOf(const torch::Tensor& input, const torch::Tensor& gradient) {
  return gradient.is_cpu() ? gradient.contiguous(input.suggest_memory_format()) : gradient;
}

// The moments of a piece; the square of its mean, added in float64, loses nothing that float32 inputs had.
torch::Tensor MomentSums(const torch::Tensor& input) {
  const int64_t channels = input.size(1);
  auto sums = torch::zeros({2 * channels + 1}, input.options().dtype(torch::kFloat64));
  if (input.numel() == 0) return sums;
  for (const auto& piece : Pieces(input)) {
    const double count = static_cast<double>(piece.numel() / channels);
    const auto [mean, variance] = at::batch_norm_update_stats(piece, {}, {}, 0);
    const auto mean64 = mean.to(torch::kFloat64);
    sums.narrow(0, 0, channels).add_(mean64, count);
    sums.narrow(0, channels, channels).add_(variance.to(torch::kFloat64) + mean64.square(), count);
    sums[2 * channels] += count;
  }
  return sums;
}

torch::Tensor GradientSums(const torch::Tensor& dy, const torch::Tensor& input, const torch::Tensor& mean,
                           const torch::Tensor& scale) {
  if (input.numel() == 0 || !input.device().is_cpu()) {
    const auto centred = input - PerChannel(mean.to(input.dtype()), input);
    return torch::cat({ChannelSums(dy), ChannelSums(dy * centred) * scale});
  }
  auto sums = torch::zeros({2, input.size(1)}, input.options().dtype(torch::kFloat64));
  const auto dys = Pieces(dy), inputs = Pieces(input);
  for (size_t i = 0; i < dys.size(); ++i) {
    const auto [unused, of_weight, of_bias] =
        at::native_batch_norm_backward(dys[i], inputs[i], {}, {}, {}, mean.to(dy.dtype()),
                                       scale.to(dy.dtype()), /*train=*/true, /*eps=*/0, {false, true, true});
    sums[0] += of_bias;
    sums[1] += of_weight;
  }
  return sums.view(-1);
}

torch::Tensor NormalisedGradient(const torch::Tensor& dy, const torch::Tensor& input,
                                 const Normalisation& of) {
  const auto factor = of.weight * of.scale;
  const auto slope = -factor * of.scale * of.mean_dot;
  const auto rest = -factor * of.mean_dy - slope * of.mean;
  const auto per_channel = [&](const torch::Tensor& values) { return PerChannel(values.to(dy.dtype()), dy); };
  return torch::addcmul(per_channel(rest), input, per_channel(slope)).addcmul_(dy, per_channel(factor));
}

}  // namespace helio::nn
