#pragma once
#include <cstdint>
#include <string>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"

namespace helio::parity {

// Fills `state` with weights that are a pure function of seed, model and the tensor's own name, in the ranges
// that keep a deep network's activations alive: so that a network of 60 million weights can be held against
// recorded outputs without a file of weights. Value i of a tensor, in contiguous order whatever its memory
// format, is made of t, the top 24 bits of splitmix64(FNV-1a("<seed>/<model>/<name>") + (i + 1) * 2^64/phi)
// scaled to (-1, 1), by kind: convolutions t sqrt(6 / fan in), matrices t sqrt(3 / fan in), running variances
// 1 + 0.2 t, running means and biases 0.1 t, batch-norm weights 1 + 0.1 t (a quarter of that for a ResNet
// block's last, bn3), counters 0.
void FillByFormula(const NamedTensors& state, uint64_t seed, const std::string& model);

}  // namespace helio::parity
