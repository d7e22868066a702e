#pragma once
#include "src/nn/batch_norm.h"
#include "src/nn/image_trunk.h"
#include "src/nn/module.h"
#include "tests/parity/fixture.h"

namespace helio::parity {

// The tiny encoders of the recorded generator losses and trajectories (FIXTURES.md section 1), for 128 x 128
// images.
struct TinyRegions {
  torch::Tensor regions;  // {B, embedding, 16, 16}
  torch::Tensor code;     // {B, embedding}
};

class TinyImageEncoderImpl : public torch::nn::Module {
 public:
  TinyImageEncoderImpl(int64_t channels, int64_t embedding);
  TinyRegions forward(const torch::Tensor& images);

 private:
  torch::nn::Conv2d conv{nullptr}, emb_features{nullptr};
  torch::nn::Linear emb_cnn_code{nullptr};
};
TORCH_MODULE(TinyImageEncoder);

class TinyCaptionEncoderImpl : public torch::nn::Module {
 public:
  TinyCaptionEncoderImpl(int64_t channels, int64_t embedding);
  torch::Tensor forward(const torch::Tensor& images);  // {B, embedding}

 private:
  torch::nn::Conv2d conv{nullptr};
  torch::nn::Linear linear{nullptr};
  nn::BatchNorm bn{nullptr};
};
TORCH_MODULE(TinyCaptionEncoder);

// What both have in common, as a trunk of our own encoders: --image_trunk and --caption_trunk of this name
// once it is registered.
inline constexpr char kStandInTrunk[] = "stand_in";
void RegisterStandInTrunk(int64_t channels);

// Of a recorded stand-in: "image_encoder" or "caption_cnn".
int64_t StandInChannels(const Fixture& fixture, const std::string& encoder);

}  // namespace helio::parity
