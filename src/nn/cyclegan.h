#pragma once
#include "src/nn/module.h"

// CycleGAN's networks (Zhu et al., ICCV 2017) as junyanz/pytorch-CycleGAN-and-pix2pix publishes them
// (models/networks.py), under its parameter names.
namespace helio::nn {

// torch's reflection_pad2d of {B, C, h, w} by `width` pixels on each side, fewer than h and w, with a
// backward that adds in a fixed order. torch's own adds in the order in which a GPU's threads arrive, so that
// a resumed run would differ in its last bits.
torch::Tensor ReflectionPadded(const torch::Tensor& input, int64_t width);

// ReflectionPadded as a layer: the edge pixel itself is not repeated. {B, C, h, w} -> {B, C, h + 2 width,
// w + 2 width}.
class ReflectionPadImpl : public torch::nn::Module {
 public:
  explicit ReflectionPadImpl(int64_t width) : width_(width) {}
  torch::Tensor forward(const torch::Tensor& input);

 private:
  const int64_t width_;
};
TORCH_MODULE(ReflectionPad);

// x + IN(conv(relu(IN(conv(x))))) with reflection padding, under the published name. {B, channels, h, w} ->
// the same.
class ResnetBlockImpl : public torch::nn::Module {
 public:
  explicit ResnetBlockImpl(int64_t channels);
  torch::Tensor forward(const torch::Tensor& input) { return input + conv_block->forward(input); }

 private:
  torch::nn::Sequential conv_block{nullptr};
};
TORCH_MODULE(ResnetBlock);

struct TranslatorOptions {
  int64_t gf = 64;
  int64_t residual_blocks = 9;  // 9 for 256 pixels, 6 for 128
};

// Translates a picture into the other domain. Published as ResnetGenerator.
class TranslatorImpl : public torch::nn::Module {
 public:
  explicit TranslatorImpl(const TranslatorOptions& options);
  // {B, 3, h, w} in [-1, 1] -> the same; h and w are multiples of 4, at least 8.
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
