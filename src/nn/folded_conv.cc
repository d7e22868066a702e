#include "src/nn/folded_conv.h"

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

}  // namespace

torch::Tensor FoldedConv::operator()(Conv2d& conv, BatchNorm& norm, const torch::Tensor& input) {
  if (!AreConstants(conv, norm)) return norm(conv(input));
  if (auto stamp = StampOf(conv, norm); stamp != stamp_) {
    Fold(conv, norm);
    stamp_ = std::move(stamp);
  }
  const auto& options = conv->options;
  return torch::conv2d(input, weight_, bias_, options.stride(),
                       std::get<torch::ExpandingArray<2>>(options.padding()), options.dilation(),
                       options.groups());
}

// w' = w * s, b' = bias - mean * s with s = weight / sqrt(variance + epsilon), rounded once.
void FoldedConv::Fold(const Conv2d& conv, const BatchNorm& norm) {
  torch::NoGradGuard no_grad;
  const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); };
  const auto scale = wide(norm->weight) * (wide(norm->running_var) + norm->epsilon()).rsqrt();
  weight_ = (wide(conv->weight) * scale.view({-1, 1, 1, 1})).to(conv->weight.dtype());
  if (conv->weight.is_contiguous(torch::MemoryFormat::ChannelsLast))
    weight_ = weight_.contiguous(torch::MemoryFormat::ChannelsLast);
  bias_ = (wide(norm->bias) - wide(norm->running_mean) * scale).to(conv->weight.dtype());
}

}  // namespace helio::nn
