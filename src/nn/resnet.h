#pragma once
#include "src/nn/convolution.h"
#include "src/nn/folded_conv.h"
#include "src/nn/image_trunk.h"

namespace helio::nn {

// ResNet-152 without its classifier (He et al., arXiv:1512.03385; stride in the 3 x 3 convolution), under the
// names that an nn.Sequential over torchvision's children has: 0 conv1, 1 bn1, 4 to 7 layer1 to layer4. As in
// MirrorGAN's CAPTION_CNN.
class ResNet152 : public ImageTrunk {
 public:
  ResNet152();
  ImageFeatures forward(const torch::Tensor& images) override;
  int64_t region_channels() const override { return 2048; }
  int64_t pooled_channels() const override { return 2048; }
  int64_t side() const override { return 224; }

 private:
  Conv2d stem_{nullptr};
  BatchNorm norm_{nullptr};
  FoldedConv folded_;
  std::vector<torch::nn::Sequential> layers_;
};

}  // namespace helio::nn
