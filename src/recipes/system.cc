#include "src/recipes/system.h"

#include "src/base/noise.h"
#include "src/base/to_device.h"

namespace helio::recipes {

torch::Tensor StepContext::Noise(std::string_view purpose, const RowRange& rows, int64_t size) const {
  const auto values =
      noise ? noise(purpose) : NormalRows(RandomKey(seed, purpose, {step}), rows, {size}, dtype);
  return ToDevice(values, device, dtype);
}

NamedTensors TensorsOf(const System& system, Role role) {
  NamedTensors tensors;
  for (const auto& part : system.Parts())
    if (part.role == role) tensors.insert(tensors.end(), part.tensors.begin(), part.tensors.end());
  return tensors;
}

std::vector<torch::Tensor> ParametersOf(const Part& part) {
  std::vector<torch::Tensor> parameters;
  for (const auto& [name, tensor] : part.tensors)
    if (tensor.requires_grad()) parameters.push_back(tensor);
  return parameters;
}

}  // namespace helio::recipes
