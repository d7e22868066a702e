#pragma once
#include <cstdint>

#include "src/nn/module.h"

namespace helio::nn {

// The published initialisation of generators and discriminators as a function of `seed`: orthogonal weights
// for every convolution and linear layer, biases of linear layers 0 (of convolutions: torch's default),
// batch-norm weights N(1, 0.02) with bias 0 (AttnGAN code/miscc/utils.py weights_init).
void InitializeOrthogonal(torch::nn::Module& root, uint64_t seed);

// torch's default initialisation, re-drawn as a function of `seed` (so that every rank, and a resumed run,
// builds the same network): calls reset_parameters of every layer that has one, in order, under a seeded
// generator.
void InitializeDefault(torch::nn::Module& root, uint64_t seed);

}  // namespace helio::nn
