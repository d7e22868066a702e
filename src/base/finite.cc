#include "src/base/finite.h"

#include <cmath>

namespace helio {

torch::Tensor OneIfFinite(const torch::Tensor& values) {
  const auto one = torch::ones({}, values.options().dtype(torch::kFloat64));
  return torch::where(values.isfinite().all(), one, one * NAN);
}

std::string FirstNotFinite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>()) return name;
  return "";
}

}  // namespace helio
