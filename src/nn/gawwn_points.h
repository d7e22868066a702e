#pragma once
#include <vector>

#include "src/nn/linear.h"
#include "src/nn/torch7.h"

// GAWWN's generator of key points and its discriminator, likewise (gawwn_generator.h).
namespace helio::nn {

struct GawwnPointsOptions {
  int64_t embedding = 1024;
  int64_t z = 100;
  int64_t gf = 128;  // the published program has df = gf
  int64_t df = 128;
  int64_t points = 15;
};

class GawwnPointsGeneratorImpl : public torch::nn::Module {
 public:
  explicit GawwnPointsGeneratorImpl(const GawwnPointsOptions& options);
  // given {B, points, 3}: x, y, and 1 where the point is given: such rows are copied. {B, points, 3}: x, y in
  // [0, 1], and above 0.5 where the point is visible.
  torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& sentence,
                        const torch::Tensor& given);

 private:
  Linear noise{nullptr}, txt{nullptr}, fc3{nullptr};
  std::vector<NormedLayer<Linear>> places_, hidden_;
};
TORCH_MODULE(GawwnPointsGenerator);

class GawwnPointsCriticImpl : public torch::nn::Module {
 public:
  explicit GawwnPointsCriticImpl(const GawwnPointsOptions& options);
  // points {B, points, 3}; logits {B}.
  torch::Tensor forward(const torch::Tensor& points, const torch::Tensor& sentence);

 private:
  std::vector<NormedLayer<Linear>> places_, text_;
  NormedLayer<Linear> fc0_;
  Linear fc1{nullptr};
};
TORCH_MODULE(GawwnPointsCritic);

}  // namespace helio::nn
