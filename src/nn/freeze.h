#pragma once
#include <vector>

#include "src/nn/module.h"

namespace helio::nn {

// While it lives, graphs do not differentiate with respect to the module's parameters: the generator's
// backward runs *through* the discriminators without their weight gradients (the published code computes and
// throws them away).
class [[nodiscard]] ScopedFreeze {
 public:
  explicit ScopedFreeze(const torch::nn::Module& module) {
    for (auto& parameter : module.parameters()) {
      if (!parameter.requires_grad()) continue;
      parameter.set_requires_grad(false);
      frozen_.push_back(parameter);
    }
  }
  ScopedFreeze(ScopedFreeze&& other) noexcept = default;
  ScopedFreeze(const ScopedFreeze&) = delete;
  ScopedFreeze& operator=(const ScopedFreeze&) = delete;
  ScopedFreeze& operator=(ScopedFreeze&&) = delete;
  ~ScopedFreeze() {
    for (auto& parameter : frozen_) parameter.set_requires_grad(true);
  }

 private:
  std::vector<torch::Tensor> frozen_;
};

// For good: evaluation mode and no gradients.
inline void Freeze(torch::nn::Module& module) {
  module.eval();
  for (auto& parameter : module.parameters()) parameter.set_requires_grad(false);
}

}  // namespace helio::nn
