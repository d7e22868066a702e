#pragma once
#include <string>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"

// Comparisons with NaN are false: a score that counts them would take a broken network for the best one.
namespace helio {

// {} float64 on the device of `values`: 1, or NaN where one of them is not finite. A count that was made by
// comparing values is multiplied with it.
torch::Tensor OneIfFinite(const torch::Tensor& values);

// The name of the first of `tensors` with a value that is not finite; empty if there is none. Reads devices.
std::string FirstNotFinite(const NamedTensors& tensors);

}  // namespace helio
