#pragma once
#include <cstdint>

#include "src/nn/module.h"

namespace helio::nn {

// The published initialisation of generators and discriminators as a function of `seed`: orthogonal weights
// for every convolution and linear layer, biases of linear layers 0 (of convolutions: torch's default),
// batch-norm weights N(1, 0.02) with bias 0 (AttnGAN code/miscc/utils.py weights_init).
void InitializeOrthogonal(torch::nn::Module& root, uint64_t seed);

// The initialisation of StackGAN and GAN-INT-CLS, likewise: weights of convolutions and linear layers N(0,
// 0.02), biases of linear layers 0 (of convolutions: torch's default), batch-norm weights N(1, 0.02) with
// bias 0 (StackGAN-Pytorch code/miscc/utils.py weights_init).
void InitializeNormal(torch::nn::Module& root, uint64_t seed);

// CycleGAN's, likewise: weights of convolutions N(0, 0.02), their biases 0
// (junyanz/pytorch-CycleGAN-and-pix2pix models/networks.py init_weights). For networks of convolutions only.
void InitializeNormalZeroBias(torch::nn::Module& root, uint64_t seed);

// GAN-INT-CLS's in Torch7, likewise: weights of convolutions N(0, 0.02), their biases 0, batch-norm weights
// N(1, 0.02) with bias 0; linear layers keep Torch7's U(+-1 / sqrt(inputs)), the bias too (icml2016
// main_cls_int.lua weights_init).
void InitializeTorch7(torch::nn::Module& root, uint64_t seed);

// char-CNN-RNN's, likewise: every weight and bias uniform in [-bound, bound] (cvpr2016 train_sje_*.lua).
void InitializeUniform(torch::nn::Module& root, uint64_t seed, double bound);

}  // namespace helio::nn
