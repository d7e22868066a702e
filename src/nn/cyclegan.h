#pragma once
#include "src/nn/module.h"

// CycleGAN's networks (Zhu et al., ICCV 2017) as junyanz/pytorch-CycleGAN-and-pix2pix publishes them
// (models/networks.py), under its parameter names.
namespace helio::nn {

// Each channel of each picture with mean 0 and variance 1 (Ulyanov et al., arXiv:1607.08022): no parameters,
// no statistics, the same in training and evaluation. {B, C, h, w}, h w > 1.
class InstanceNormImpl : public torch::nn::Module {
 public:
  torch::Tensor forward(const torch::Tensor& input);
};
TORCH_MODULE(InstanceNorm);

// torch's reflection_pad2d of {B, C, h, w} by `width` pixels on each side, fewer than h and w, with a
// backward that adds in a fixed order. torch's own adds on a GPU in the order in which its threads come, and
// a resumed run would have other bits.
torch::Tensor MirrorPadded(const torch::Tensor& input, int64_t width);

// The borders mirrored outwards by `width` pixels, without the edge itself.
class MirrorPaddingImpl : public torch::nn::Module {
 public:
  explicit MirrorPaddingImpl(int64_t width) : width_(width) {}
  torch::Tensor forward(const torch::Tensor& input);

 private:
  const int64_t width_;
};
TORCH_MODULE(MirrorPadding);

// x + IN(conv(IN(conv(x)).relu())), borders mirrored. Published as ResnetBlock.
class MirrorBlockImpl : public torch::nn::Module {
 public:
  explicit MirrorBlockImpl(int64_t channels);
  torch::Tensor forward(const torch::Tensor& input) { return input + conv_block->forward(input); }

 private:
  torch::nn::Sequential conv_block{nullptr};
};
TORCH_MODULE(MirrorBlock);

struct TranslatorOptions {
  int64_t gf = 64;
  int64_t residual_blocks = 9;  // 9 for 256 pixels, 6 for 128
};

// A picture of the other domain. Published as ResnetGenerator.
class TranslatorImpl : public torch::nn::Module {
 public:
  explicit TranslatorImpl(const TranslatorOptions& options);
  // {B, 3, h, w} in [-1, 1], and so is what comes out; h and w multiples of 4, at least 8.
  torch::Tensor forward(const torch::Tensor& images) { return model->forward(images); }

 private:
  torch::nn::Sequential model{nullptr};
};
TORCH_MODULE(Translator);

struct PatchCriticOptions {
  int64_t df = 64;
  int64_t layers = 3;  // strided convolutions: 3 see 70 x 70 pixels at once, 2 see 34 x 34
};

// Judges every patch of a picture. Published as NLayerDiscriminator (PatchGAN).
class PatchCriticImpl : public torch::nn::Module {
 public:
  explicit PatchCriticImpl(const PatchCriticOptions& options);
  // {B, 3, h, w} to logits {B, 1, h', w'}: h / 2^layers - 2 for sides that 2^layers divides.
  torch::Tensor forward(const torch::Tensor& images) { return model->forward(images); }

 private:
  torch::nn::Sequential model{nullptr};
};
TORCH_MODULE(PatchCritic);

}  // namespace helio::nn
