#pragma once
#include "src/nn/batch_norm.h"
#include "src/nn/convolution.h"

namespace helio::nn {

// Gated linear unit over channels: the first half times the sigmoid of the second (Dauphin et al.,
// arXiv:1612.08083).
class GluImpl : public torch::nn::Module {
 public:
  // {B, 2 C, ...} -> {B, C, ...}, in the input's memory format, as its gradient is.
  torch::Tensor forward(const torch::Tensor& input);
};
TORCH_MODULE(Glu);

// How height and width are doubled. kNearest is published by every system here; it leaves copies of the
// smaller map's spectrum, at periods of two pixels and four, to the convolution behind it.
enum class Upsampling { kNearest, kBilinear };

class DoubleSizeImpl : public torch::nn::Module {
 public:
  explicit DoubleSizeImpl(Upsampling how = Upsampling::kNearest) : how_(how) {}
  // {B, C, h, w} -> {B, C, 2 h, 2 w}
  torch::Tensor forward(const torch::Tensor& input);

 private:
  const Upsampling how_;
};
TORCH_MODULE(DoubleSize);

// How often a side of 4 is doubled to become `side`, a power of two of at least 4.
int64_t Doublings(int64_t side);

torch::nn::LeakyReLU Leaky();  // slope 0.2
torch::nn::ReLU ReluInPlace();
Conv2d Conv1x1(int64_t in, int64_t out, bool bias = false);
Conv2d Conv3x3(int64_t in, int64_t out);      // stride 1, no bias
Conv2d Conv4x4Down(int64_t in, int64_t out);  // stride 2, no bias: halves the side

// Sequentials with the published indices.

// Doubles the side: up, conv3x3, BN, GLU.
torch::nn::Sequential UpBlock(int64_t in, int64_t out, Upsampling how = Upsampling::kNearest);
// Halves the side: conv4x4, BN, LeakyReLU 0.2.
torch::nn::Sequential DownBlock(int64_t in, int64_t out);
// conv3x3, BN, LeakyReLU 0.2.
torch::nn::Sequential Block3x3Leaky(int64_t in, int64_t out);

// x + BN(conv(GLU(BN(conv(x))))), names block.0 ... block.4.
class ResBlockImpl : public torch::nn::Module {
 public:
  explicit ResBlockImpl(int64_t channels);
  // {B, channels, h, w} -> the same
  torch::Tensor forward(const torch::Tensor& input) { return block_->forward(input) + input; }

 private:
  torch::nn::Sequential block_{nullptr};
};
TORCH_MODULE(ResBlock);

}  // namespace helio::nn
