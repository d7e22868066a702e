#pragma once
#include "src/nn/blocks.h"
#include "src/nn/linear.h"
#include "src/nn/module.h"

namespace helio::nn {

struct Condition {
  torch::Tensor code;    // {B, c}: what the generator sees
  torch::Tensor mean;    // {B, c}
  torch::Tensor logvar;  // {B, c}
};

// Conditioning augmentation (StackGAN, section 3.2; published as CA_NET): code = mean + exp(logvar / 2) *
// noise. Both mean and logvar leave a gated linear unit, as in the published code.
class ConditioningAugmentationImpl : public torch::nn::Module {
 public:
  ConditioningAugmentationImpl(int64_t embedding, int64_t condition);
  // sentence {B, embedding}, noise {B, condition} standard normal.
  Condition forward(const torch::Tensor& sentence, const torch::Tensor& noise);

 private:
  int64_t condition_;
  Linear fc{nullptr};
};
TORCH_MODULE(ConditioningAugmentation);

}  // namespace helio::nn
