#include "src/nn/small_trunk.h"

#include "src/base/error.h"
#include "src/nn/blocks.h"
#include "src/nn/convolution.h"

namespace helio::nn {

SmallTrunk::SmallTrunk()
    : to_regions_{PushLayer(local_, 3, 32), PushLayer(local_, 32, 64), PushLayer(local_, 64, 128)},
      to_pooled_(PushLayer(global_, 128, 128)) {
  register_module("local", local_);
  register_module("global", global_);
  UseChannelsLast(*this);
}

SmallTrunk::Layer SmallTrunk::PushLayer(torch::nn::Sequential& layers, int64_t in, int64_t out) {
  Layer layer{Conv4x4Down(in, out), BatchNorm(out), {}};
  layers->push_back(layer.conv);
  layers->push_back(layer.norm);
  layers->push_back(torch::nn::ReLU());
  return layer;
}

ImageFeatures SmallTrunk::forward(const torch::Tensor& images) {
  if (images.size(2) < least_side())
    ThrowUser("pictures of " + std::to_string(images.size(2)) + " pixels are too small for the trunk 'small'",
              "--base_side, --stages, --side and their like", "at least " + std::to_string(least_side()));
  const auto apply = [](Layer& layer, const torch::Tensor& input) {
    return layer.folded(layer.conv, layer.norm, input, {.rectified = true});
  };
  auto regions = images.contiguous(torch::MemoryFormat::ChannelsLast);
  for (auto& layer : to_regions_) regions = apply(layer, regions);
  return {regions, apply(to_pooled_, regions).mean(torch::IntArrayRef{2, 3})};
}

}  // namespace helio::nn
