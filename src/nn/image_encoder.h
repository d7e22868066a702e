#pragma once
#include "src/nn/convolution.h"
#include "src/nn/image_trunk.h"
#include "src/nn/linear.h"

namespace helio::nn {

struct ImageEncoding {
  torch::Tensor regions;  // {B, embedding, h, w}
  torch::Tensor code;     // {B, embedding}
};

// DAMSM's image encoder (AttnGAN section 3.2; published as CNN_ENCODER over Inception-v3, trunk names without
// a prefix).
class ImageEncoderImpl : public torch::nn::Module {
 public:
  ImageEncoderImpl(std::shared_ptr<ImageTrunk> trunk, int64_t embedding);
  // images {B, 3, s, s} in [-1, 1].
  ImageEncoding forward(const torch::Tensor& images);
  ImageTrunk& trunk() { return *trunk_; }
  const ImageTrunk& trunk() const { return *trunk_; }

 private:
  std::shared_ptr<ImageTrunk> trunk_;
  Conv2d emb_features{nullptr};
  Linear emb_cnn_code{nullptr};
};
TORCH_MODULE(ImageEncoder);

// A trunk with a linear classifier `fc` on its pooled features: the judge of the Inception Score, and what
// the trunks of other systems start from.
class ClassifierImpl : public torch::nn::Module {
 public:
  ClassifierImpl(std::shared_ptr<ImageTrunk> trunk, int64_t classes);
  // images {B, 3, s, s} in [-1, 1] -> logits {B, classes}: Classify(Pooled(images)).
  torch::Tensor forward(const torch::Tensor& images);
  // images -> {B, pooled_channels}.
  torch::Tensor Pooled(const torch::Tensor& images) { return trunk_->forward(images).pooled; }
  // {B, pooled_channels} -> logits {B, classes}.
  torch::Tensor Classify(const torch::Tensor& pooled) { return fc(pooled); }
  // {B, pooled_channels} -> {B, classes}, rows with a sum of 1; without the bias of `fc` where the trunk's
  // protocol says so.
  torch::Tensor Probabilities(const torch::Tensor& pooled);
  ImageTrunk& trunk() { return *trunk_; }
  const ImageTrunk& trunk() const { return *trunk_; }
  int64_t classes() const { return fc->options.out_features(); }

 private:
  std::shared_ptr<ImageTrunk> trunk_;
  Linear fc{nullptr};
};
TORCH_MODULE(Classifier);

}  // namespace helio::nn
