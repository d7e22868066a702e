#include "src/nn/image_encoder.h"

#include "src/nn/blocks.h"

namespace helio::nn {

ImageEncoderImpl::ImageEncoderImpl(std::shared_ptr<ImageTrunk> trunk, int64_t embedding)
    : trunk_(std::move(trunk)) {
  AdoptChildren(*this, *trunk_);
  emb_features = register_module("emb_features", Conv1x1(trunk_->region_channels(), embedding));
  emb_cnn_code = register_module("emb_cnn_code", Linear(trunk_->pooled_channels(), embedding));
  torch::nn::init::uniform_(emb_features->weight, -0.1, 0.1);
  torch::nn::init::uniform_(emb_cnn_code->weight, -0.1, 0.1);
}

ImageEncoding ImageEncoderImpl::forward(const torch::Tensor& images) {
  const auto features = trunk_->forward(images);
  return {emb_features(features.regions), emb_cnn_code(features.pooled)};
}

ClassifierImpl::ClassifierImpl(std::shared_ptr<ImageTrunk> trunk, int64_t classes)
    : trunk_(std::move(trunk)) {
  AdoptChildren(*this, *trunk_);
  fc = register_module("fc", Linear(trunk_->pooled_channels(), classes));
}

torch::Tensor ClassifierImpl::forward(const torch::Tensor& images) { return Classify(Pooled(images)); }

torch::Tensor ClassifierImpl::Probabilities(const torch::Tensor& pooled) {
  const auto logits = trunk_->protocol().biased ? Classify(pooled) : pooled.matmul(fc->weight.t());
  return logits.softmax(1);
}

}  // namespace helio::nn
