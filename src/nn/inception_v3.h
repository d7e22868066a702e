#pragma once
#include "src/nn/conv_norm.h"
#include "src/nn/image_trunk.h"
#include "src/nn/module.h"
#include "src/nn/resize.h"

namespace helio::nn {

// One Inception block: parallel branches whose outputs are joined over channels. A branch is a chain of
// convolutions whose last element may fork into two (Mixed_7b, 7c); it may begin with a pooling.
class InceptionBlockImpl : public torch::nn::Module {
 public:
  // 3 x 3. kAverage: stride 1, the padding counts; kAverageInside: it does not; kMax: stride 2; kMaxSame:
  // stride 1, padded.
  enum class Pool { kNone, kAverage, kAverageInside, kMax, kMaxSame };
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
  InceptionV3() : InceptionV3(Pools{}) {}
  ImageFeatures forward(const torch::Tensor& images) override {
    return Features(ResizeBilinear(images, side(), side()));
  }
  int64_t region_channels() const override { return 768; }
  int64_t pooled_channels() const override { return 2048; }
  int64_t side() const override { return 299; }
  JudgeProtocol protocol() const override { return {"torch-compat", "resized to 299 (bilinear)"}; }

 protected:
  // The poolings of the branches that keep a map's size: in Mixed_5b to 7b, and in Mixed_7c.
  struct Pools {
    InceptionBlockImpl::Pool inner = InceptionBlockImpl::Pool::kAverage,
                             last = InceptionBlockImpl::Pool::kAverage;
  };
  explicit InceptionV3(const Pools& pools);
  ImageFeatures Features(const torch::Tensor& resized);  // {B, 3, 299, 299}, in the network's own range

 private:
  std::vector<ConvNorm> stem_;
  std::vector<InceptionBlock> local_, global_;
};

}  // namespace helio::nn
