#include "src/nn/small_trunk.h"

#include "src/base/error.h"
#include "src/nn/blocks.h"
#include "src/nn/convolution.h"

namespace helio::nn {
namespace {

void PushLayer(torch::nn::Sequential& layers, int64_t in, int64_t out) {
  layers->push_back(Conv4x4Down(in, out));
  layers->push_back(BatchNorm(out));
  layers->push_back(torch::nn::ReLU());
}

}  // namespace

SmallTrunk::SmallTrunk() {
  local_ = torch::nn::Sequential();
  PushLayer(local_, 3, 32);
  PushLayer(local_, 32, 64);
  PushLayer(local_, 64, 128);
  global_ = torch::nn::Sequential();
  PushLayer(global_, 128, 128);
  register_module("local", local_);
  register_module("global", global_);
  UseChannelsLast(*this);
}

ImageFeatures SmallTrunk::forward(const torch::Tensor& images) {
  if (images.size(2) < least_side())
    ThrowUser("pictures of " + std::to_string(images.size(2)) + " pixels are too small for the trunk 'small'",
              "--base_side, --stages, --side and their like", "at least " + std::to_string(least_side()));
  const auto regions = local_->forward(images.contiguous(torch::MemoryFormat::ChannelsLast));
  return {regions, global_->forward(regions).mean(torch::IntArrayRef{2, 3})};
}

}  // namespace helio::nn
