#pragma once
#include "src/nn/conv_norm.h"
#include "src/nn/image_trunk.h"
#include "src/nn/module.h"

namespace helio::nn {

// One Inception block: parallel branches whose outputs are joined over channels. A branch is a chain of
// convolutions whose last element may fork into two (Mixed_7b, 7c); it may begin with a pooling.
class InceptionBlockImpl : public torch::nn::Module {
 public:
  enum class Pool { kNone, kAverage, kMax };  // average: 3 x 3, stride 1; max: 3 x 3, stride 2
  struct Branch {
    Pool pool = Pool::kNone;
    std::vector<ConvSpec> chain;
    std::vector<ConvSpec> fork;
  };

  explicit InceptionBlockImpl(const std::vector<Branch>& branches);
  torch::Tensor forward(const torch::Tensor& input);

 private:
  struct Built {
    Pool pool;
    std::vector<ConvNorm> chain, fork;
  };
  std::vector<Built> branches_;
};
TORCH_MODULE(InceptionBlock);

// Inception-v3 (Szegedy et al., arXiv:1512.00567) with torchvision's names, without its classifiers; as in
// AttnGAN's CNN_ENCODER.
class InceptionV3 : public ImageTrunk {
 public:
  InceptionV3();
  ImageFeatures forward(const torch::Tensor& images) override;
  int64_t region_channels() const override { return 768; }
  int64_t pooled_channels() const override { return 2048; }
  int64_t side() const override { return 299; }

 private:
  std::vector<ConvNorm> stem_;
  std::vector<InceptionBlock> local_, global_;
};

}  // namespace helio::nn
