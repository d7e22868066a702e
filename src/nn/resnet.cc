#include "src/nn/resnet.h"

#include "src/nn/convolution.h"
#include "src/nn/resize.h"

namespace helio::nn {
namespace {

Conv2d Conv(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// 1 x 1, 3 x 3 (strided), 1 x 1 to four times the width, around a shortcut.
class BottleneckImpl : public torch::nn::Module {
 public:
  BottleneckImpl(int64_t in, int64_t width, int64_t stride) {
    conv1 = register_module("conv1", Conv(in, width, 1, 1));
    bn1 = register_module("bn1", BatchNorm(width));
    conv2 = register_module("conv2", Conv(width, width, 3, stride));
    bn2 = register_module("bn2", BatchNorm(width));
    conv3 = register_module("conv3", Conv(width, 4 * width, 1, 1));
    bn3 = register_module("bn3", BatchNorm(4 * width));
    if (stride == 1 && in == 4 * width) return;
    resize_ = Conv(in, 4 * width, 1, stride);
    resize_norm_ = BatchNorm(4 * width);
    register_module("downsample", torch::nn::Sequential(resize_, resize_norm_));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = folded_[0](conv1, bn1, input, {.rectified = true});
    x = folded_[1](conv2, bn2, x, {.rectified = true});
    const auto shortcut = resize_ ? folded_[3](resize_, resize_norm_, input, {}) : input;
    return folded_[2](conv3, bn3, x, {.added = shortcut, .rectified = true});
  }

 private:
  Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  Conv2d resize_{nullptr};  // the shortcut's, where the shape changes
  BatchNorm resize_norm_{nullptr};
  std::array<FoldedConv, 4> folded_;
};
TORCH_MODULE(Bottleneck);

torch::nn::Sequential Layer(int64_t in, int64_t width, int64_t blocks, int64_t stride) {
  torch::nn::Sequential layer;
  for (int64_t i = 0; i < blocks; ++i)
    layer->push_back(Bottleneck(i == 0 ? in : 4 * width, width, i == 0 ? stride : 1));
  return layer;
}

}  // namespace

ResNet152::ResNet152() {
  stem_ = register_module("0", Conv(3, 64, 7, 2));
  norm_ = register_module("1", BatchNorm(64));
  constexpr int64_t kBlocks[] = {3, 8, 36, 3};
  int64_t in = 64;
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t width = 64 << i;
    layers_.push_back(register_module(std::to_string(4 + i), Layer(in, width, kBlocks[i], i == 0 ? 1 : 2)));
    in = 4 * width;
  }
  UseChannelsLast(*this);
}

ImageFeatures ResNet152::forward(const torch::Tensor& images) {
  auto x = ResizeBilinear(images, side(), side()).contiguous(torch::MemoryFormat::ChannelsLast);
  x = torch::max_pool2d(folded_(stem_, norm_, x, {.rectified = true}), 3, 2, 1);
  for (auto& layer : layers_) x = layer->forward(x);
  return {x, x.mean(torch::IntArrayRef{2, 3})};
}

}  // namespace helio::nn
