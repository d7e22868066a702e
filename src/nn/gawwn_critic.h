#pragma once
#include <vector>

#include "src/nn/convolution.h"
#include "src/nn/linear.h"
#include "src/nn/torch7.h"

// GAWWN's picture discriminators, likewise (gawwn_generator.h).
namespace helio::nn {

struct GawwnCriticOptions {
  int64_t embedding = 1024;
  int64_t projection = 128;  // nt
  int64_t df = 128;
  int64_t side = 128;
  int64_t points = 15;
};

// What a discriminator sees of pictures before it is told a sentence.
struct GawwnLook {
  torch::Tensor cells;  // {B, 2 df, cells, cells}
  torch::Tensor whole;  // {B, 8 df, 4, 4} as published
};

// Halvings to the map that places are told on.
class GawwnTrunkImpl : public torch::nn::Module {
 public:
  GawwnTrunkImpl(int64_t df, int64_t halvings);
  // `times`: how often batch norm's statistics count it.
  torch::Tensor forward(const torch::Tensor& images, int64_t times);

 private:
  std::vector<Conv2d> plain_;
  std::vector<NormedLayer<Conv2d>> normed_;
};
TORCH_MODULE(GawwnTrunk);

class GawwnCriticImpl : public torch::nn::Module {
 public:
  // images {B, 3, side, side} in [-1, 1]. The published net runs its trunk on the same pictures anew for
  // every sentence, and for both of its paths; the values are the same each time, so here it runs once.
  // `passes`: for how many sentences Judge will be called; batch norm's running statistics move as often as
  // in the published net.
  GawwnLook Look(const torch::Tensor& images, int64_t passes = 1);
  // Logits {B} that the pictures are real and show the sentence {B, embedding} in that place.
  torch::Tensor Judge(const GawwnLook& look, const torch::Tensor& place, const torch::Tensor& sentence);

 protected:
  // `more_region`: channels that the variant's Region adds to the features; `spread`: channels of its Spread.
  GawwnCriticImpl(const GawwnCriticOptions& options, int64_t more_region, int64_t spread);
  // The features {B, 2 df, cells, cells}, restricted to the place: {B, 2 df + more_region, cells, cells}.
  virtual torch::Tensor Region(const torch::Tensor& features, const torch::Tensor& place) = 0;
  // The projected text {B, nt} as a map beside the whole picture's features: {B, spread, 4, 4}.
  virtual torch::Tensor Spread(const torch::Tensor& text, const torch::Tensor& place) = 0;
  int64_t cells() const { return cells_; }

 private:
  const int64_t cells_;
  GawwnTrunk trunk{nullptr};
  Linear txt{nullptr}, fc1{nullptr};
  NormedLayer<Conv2d> rconv0_, rconv1_, join_, last_;
  Conv2d rconv2{nullptr};
  std::vector<NormedLayer<Conv2d>> whole_;
  NormedLayer<Linear> fc0_;
};

// Of bounding boxes: place {B, 2, 3} crops the region. The text's map is cropped too, so that for a box
// inside the picture it is the same everywhere, as published.
class GawwnBoxCriticImpl : public GawwnCriticImpl {
 public:
  explicit GawwnBoxCriticImpl(const GawwnCriticOptions& options);

 protected:
  torch::Tensor Region(const torch::Tensor& features, const torch::Tensor& place) override;
  torch::Tensor Spread(const torch::Tensor& text, const torch::Tensor& place) override;

 private:
  std::vector<NormedLayer<Conv2d>> spread_;
};
TORCH_MODULE(GawwnBoxCritic);

// Of key points: place {B, points, cells, cells}.
class GawwnKeypointCriticImpl : public GawwnCriticImpl {
 public:
  explicit GawwnKeypointCriticImpl(const GawwnCriticOptions& options)
      : GawwnCriticImpl(options, options.points, options.projection) {}

 protected:
  torch::Tensor Region(const torch::Tensor& features, const torch::Tensor& place) override;
  torch::Tensor Spread(const torch::Tensor& text, const torch::Tensor& place) override;
};
TORCH_MODULE(GawwnKeypointCritic);

}  // namespace helio::nn
