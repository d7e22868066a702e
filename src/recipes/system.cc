#include "src/recipes/system.h"

#include "src/base/noise.h"
#include "src/base/to_device.h"

namespace helio::recipes {

torch::Tensor StepContext::Noise(std::string_view purpose, const RowRange& rows, int64_t size) const {
  const auto draw = [purpose = std::string(purpose), rows, size](const StepContext& at) {
    const auto values = at.noise ? at.noise(purpose)
                                 : NormalRows(RandomKey(at.seed, purpose, {at.step}), rows, {size}, at.dtype);
    return ToDevice(values, at.device, at.dtype);
  };
  if (!given) return draw(*this);
  return given->Of(purpose, [draw](const dataio::Batch&, const StepContext& at) {
    return std::vector<torch::Tensor>{draw(at)};
  })[0];
}

std::vector<torch::Tensor> StepContext::Given(std::string_view purpose, const dataio::Batch& batch,
                                              const MakeGiven& make) const {
  if (given) return given->Of(purpose, make);
  const torch::NoGradGuard no_grad;
  auto values = make(batch, *this);
  for (auto& value : values) value = ToDevice(value, device);
  return values;
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
