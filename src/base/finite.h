#pragma once
#include <string>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"

// Comparisons with NaN are false: what counts them would take a broken network for the best one.
namespace helio {

// 1, or NaN where `values` has one that is not finite; scalar float64, on its device. What was counted by
// comparing them is multiplied with it.
torch::Tensor OneIfFinite(const torch::Tensor& values);

// The name of the first of `tensors` with a value that is not finite; empty if there is none. Reads devices.
std::string FirstNotFinite(const NamedTensors& tensors);

}  // namespace helio
