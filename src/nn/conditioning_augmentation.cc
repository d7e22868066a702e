#include "src/nn/conditioning_augmentation.h"

namespace helio::nn {

ConditioningAugmentationImpl::ConditioningAugmentationImpl(int64_t embedding, int64_t condition)
    : condition_(condition) {
  fc = register_module("fc", Linear(embedding, 4 * condition));
}

Condition ConditioningAugmentationImpl::forward(const torch::Tensor& sentence, const torch::Tensor& noise) {
  const auto gated = torch::glu(fc(sentence), 1);
  const auto mean = gated.narrow(1, 0, condition_), logvar = gated.narrow(1, condition_, condition_);
  return {noise * (logvar * 0.5).exp() + mean, mean, logvar};
}

}  // namespace helio::nn
