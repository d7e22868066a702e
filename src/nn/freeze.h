#pragma once
#include <memory>
#include <vector>

#include "src/nn/module.h"

namespace helio::nn {

// While it lives, the module is in training or evaluation mode; then every layer is again in the mode it was
// found in.
class [[nodiscard]] ScopedMode {
 public:
  ScopedMode(torch::nn::Module& module, bool training) : layers_(module.modules()) {
    for (const auto& layer : layers_) was_training_.push_back(layer->is_training());
    module.train(training);
  }
  ScopedMode(const ScopedMode&) = delete;
  ScopedMode& operator=(const ScopedMode&) = delete;
  ~ScopedMode() {
    // A layer's train() reaches its children, which come after it in the list.
    for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->train(was_training_[i]);
  }

 private:
  const std::vector<std::shared_ptr<torch::nn::Module>> layers_;
  std::vector<bool> was_training_;
};

// For good: evaluation mode and no gradients. Recurrent layers stay in training mode, which changes nothing
// about them (ours have no dropout between layers): cuDNN refuses to differentiate through one in evaluation
// mode, as a loss through a frozen captioner does.
void Freeze(torch::nn::Module& module);

}  // namespace helio::nn
