#pragma once
#include "src/nn/inception_v3.h"

namespace helio::nn {

// The Inception of TensorFlow's archive inception-2015-12-05 (1,008 outputs), by which the published
// Inception Scores and Frechet distances of ImageNet's Inception are judged. pytorch-fid and torch-fidelity
// hold its weights under torchvision's names. Beside InceptionV3: average pooling leaves the padding out,
// Mixed_7c pools by maximum, pictures are resized and scaled as there, and probabilities are of logits
// without their bias.
class InceptionV3Tf : public InceptionV3 {
 public:
  InceptionV3Tf();
  ImageFeatures forward(const torch::Tensor& images) override;
  JudgeProtocol protocol() const override;
};

// The same network with pictures as pytorch-fid shows them to it: resized between pixel centres, in [-1, 1].
class InceptionV3Fid : public InceptionV3Tf {
 public:
  ImageFeatures forward(const torch::Tensor& images) override { return InceptionV3::forward(images); }
  JudgeProtocol protocol() const override;
};

// {B, 3, h, w} -> {B, 3, side, side}, bilinear, where output i looks at input i * h / side: TensorFlow 1's
// resize_bilinear without aligned corners.
torch::Tensor ResizeFromCorner(const torch::Tensor& images, int64_t side);

}  // namespace helio::nn
