#include "tests/parity/stand_ins.h"

namespace helio::parity {
namespace {

constexpr int64_t kChannels = 8;

torch::nn::Conv2d Patches() { return torch::nn::Conv2d(torch::nn::Conv2dOptions(3, kChannels, 4).stride(4)); }

class StandInTrunk : public nn::ImageTrunk {
 public:
  StandInTrunk() { conv_ = register_module("conv", Patches()); }
  nn::ImageFeatures forward(const torch::Tensor& images) override {
    const auto map = conv_(images).tanh();
    return {torch::avg_pool2d(map, 2), map.mean({2, 3})};
  }
  int64_t region_channels() const override { return kChannels; }
  int64_t pooled_channels() const override { return kChannels; }

 private:
  torch::nn::Conv2d conv_{nullptr};
};

}  // namespace

void RegisterStandInTrunk() {
  nn::RegisterImageTrunk(
      kStandInTrunk, []() -> std::shared_ptr<nn::ImageTrunk> { return std::make_shared<StandInTrunk>(); });
}

TinyImageEncoderImpl::TinyImageEncoderImpl(int64_t embedding) {
  conv = register_module("conv", Patches());
  emb_features = register_module(
      "emb_features", torch::nn::Conv2d(torch::nn::Conv2dOptions(kChannels, embedding, 1).bias(false)));
  emb_cnn_code = register_module("emb_cnn_code", torch::nn::Linear(kChannels, embedding));
}

TinyRegions TinyImageEncoderImpl::forward(const torch::Tensor& images) {
  const auto map = conv(images).tanh();
  return {emb_features(torch::avg_pool2d(map, 2)), emb_cnn_code(map.mean({2, 3}))};
}

TinyCaptionEncoderImpl::TinyCaptionEncoderImpl(int64_t embedding) {
  conv = register_module("conv", Patches());
  linear = register_module("linear", torch::nn::Linear(kChannels, embedding));
  bn = register_module("bn", nn::BatchNorm(embedding));
}

torch::Tensor TinyCaptionEncoderImpl::forward(const torch::Tensor& images) {
  return bn(linear(conv(images).tanh().mean({2, 3})));
}

}  // namespace helio::parity
