#include "src/nn/folded_conv.h"

#include <ATen/autocast_mode.h>

namespace helio::nn {
namespace {

bool AreConstants(const Conv2d& conv, const BatchNorm& norm) {
  if (norm->is_training()) return false;
  return !torch::GradMode::is_enabled() ||
         !(conv->weight.requires_grad() || norm->weight.requires_grad() || norm->bias.requires_grad());
}

// Address and version counter of everything that is folded: it changes with any write.
std::vector<std::pair<const void*, int64_t>> StampOf(const Conv2d& conv, const BatchNorm& norm) {
  std::vector<std::pair<const void*, int64_t>> stamp;
  for (const auto* tensor :
       {&conv->weight, &norm->weight, &norm->bias, &norm->running_mean, &norm->running_var})
    stamp.emplace_back(tensor->const_data_ptr(), tensor->_version());
  return stamp;
}

// The type that a packed convolution of this layer would compute in; none where it cannot be packed.
std::optional<torch::ScalarType> PackedType(const Conv2d& conv, const torch::Tensor& input) {
  const auto& weight = conv->weight;
  if (!weight.device().is_cpu() || !input.device().is_cpu() || input.numel() == 0 || !PlainPadding(*conv) ||
      weight.scalar_type() != torch::kFloat32 || !at::globalContext().userEnabledMkldnn())
    return std::nullopt;
  const auto type = at::autocast::is_autocast_enabled(torch::kCPU)
                        ? at::autocast::get_autocast_dtype(torch::kCPU)
                        : input.scalar_type();
  return PackedConv::Computes(type) ? std::optional(type) : std::nullopt;
}

torch::Tensor Then(torch::Tensor result, const AfterConv& after) {
  if (after.added.defined()) result = result + after.added;
  return after.rectified ? result.relu_() : result;
}

}  // namespace

torch::Tensor FoldedConv::operator()(Conv2d& conv, BatchNorm& norm, const torch::Tensor& input,
                                     const AfterConv& after) {
  if (!AreConstants(conv, norm)) return Then(norm(conv(input)), after);
  if (auto stamp = StampOf(conv, norm); stamp != stamp_) {
    plain_.reset();
    packed_.clear();
    stamp_ = std::move(stamp);
  }
  if (const auto type = PackedType(conv, input))
    return PackedConv::Apply(
        Packed(conv, norm, *type), input.to(*type),
        {after.added.defined() ? after.added.to(*type) : torch::Tensor(), after.rectified});
  if (!plain_) plain_ = Fold(conv, norm);
  const auto& options = conv->options;
  return Then(torch::conv2d(input, plain_->weight, plain_->bias, options.stride(),
                            std::get<torch::ExpandingArray<2>>(options.padding()), options.dilation(),
                            options.groups()),
              after);
}

const c10::intrusive_ptr<PackedConv>& FoldedConv::Packed(const Conv2d& conv, const BatchNorm& norm,
                                                         torch::ScalarType type) {
  auto& packed = packed_[type];
  if (!packed) {
    const auto constants = Fold(conv, norm);
    packed = c10::make_intrusive<PackedConv>(constants.weight.to(type), constants.bias.to(type),
                                             *conv->options.stride(), *PlainPadding(*conv));
  }
  return packed;
}

// w' = w * s, b' = bias - mean * s with s = weight / sqrt(variance + epsilon), rounded once.
FoldedConv::Constants FoldedConv::Fold(const Conv2d& conv, const BatchNorm& norm) {
  torch::NoGradGuard no_grad;
  const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); };
  const auto scale = wide(norm->weight) * (wide(norm->running_var) + norm->epsilon()).rsqrt();
  auto weight = (wide(conv->weight) * scale.view({-1, 1, 1, 1})).to(conv->weight.dtype());
  if (conv->weight.is_contiguous(torch::MemoryFormat::ChannelsLast))
    weight = weight.contiguous(torch::MemoryFormat::ChannelsLast);
  return {weight, (wide(norm->bias) - wide(norm->running_mean) * scale).to(conv->weight.dtype())};
}

}  // namespace helio::nn
