#pragma once
#include "src/nn/folded_conv.h"
#include "src/nn/image_trunk.h"
#include "src/nn/module.h"

namespace helio::nn {

// Four strided convolutions with batch norm, 32-64-128-128: enough for drawn birds of 64 pixels.
class SmallTrunk : public ImageTrunk {
 public:
  SmallTrunk();
  ImageFeatures forward(const torch::Tensor& images) override;
  int64_t region_channels() const override { return 128; }
  int64_t pooled_channels() const override { return 128; }
  int64_t least_side() const override { return 16; }  // one pixel after four halvings

 private:
  struct Layer {
    Conv2d conv;
    BatchNorm norm;
    FoldedConv folded;
  };

  static Layer PushLayer(torch::nn::Sequential& layers, int64_t in, int64_t out);

  torch::nn::Sequential local_, global_;  // the layers, by their places' names
  std::vector<Layer> to_regions_;
  Layer to_pooled_;
};

}  // namespace helio::nn
