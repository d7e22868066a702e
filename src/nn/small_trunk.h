#pragma once
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
  torch::nn::Sequential local_{nullptr}, global_{nullptr};
};

}  // namespace helio::nn
