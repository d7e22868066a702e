#include "tests/parity/stand_ins.h"

namespace helio::parity {
namespace {

torch::nn::Conv2d Patches(int64_t channels) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(3, channels, 4).stride(4));
}

class StandInTrunk : public nn::ImageTrunk {
 public:
  explicit StandInTrunk(int64_t channels) : channels_(channels) {
    conv_ = register_module("conv", Patches(channels));
  }
  nn::ImageFeatures forward(const torch::Tensor& images) override {
    const auto map = conv_(images).tanh();
    return {torch::avg_pool2d(map, 2), map.mean({2, 3})};
  }
  int64_t region_channels() const override { return channels_; }
  int64_t pooled_channels() const override { return channels_; }

 private:
  const int64_t channels_;
  torch::nn::Conv2d conv_{nullptr};
};

}  // namespace

int64_t StandInChannels(const Fixture& fixture, const std::string& encoder) {
  return fixture.State(encoder + ".conv.weight").size(0);
}

void RegisterStandInTrunk(int64_t channels) {
  static int64_t registered;
  registered = channels;
  nn::RegisterImageTrunk(kStandInTrunk, []() -> std::shared_ptr<nn::ImageTrunk> {
    return std::make_shared<StandInTrunk>(registered);
  });
}

TinyImageEncoderImpl::TinyImageEncoderImpl(int64_t channels, int64_t embedding) {
  conv = register_module("conv", Patches(channels));
  emb_features = register_module(
      "emb_features", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, embedding, 1).bias(false)));
  emb_cnn_code = register_module("emb_cnn_code", torch::nn::Linear(channels, embedding));
}

TinyRegions TinyImageEncoderImpl::forward(const torch::Tensor& images) {
  const auto map = conv(images).tanh();
  return {emb_features(torch::avg_pool2d(map, 2)), emb_cnn_code(map.mean({2, 3}))};
}

TinyCaptionEncoderImpl::TinyCaptionEncoderImpl(int64_t channels, int64_t embedding) {
  conv = register_module("conv", Patches(channels));
  linear = register_module("linear", torch::nn::Linear(channels, embedding));
  bn = register_module("bn", nn::BatchNorm(embedding));
}

torch::Tensor TinyCaptionEncoderImpl::forward(const torch::Tensor& images) {
  return bn(linear(conv(images).tanh().mean({2, 3})));
}

}  // namespace helio::parity
