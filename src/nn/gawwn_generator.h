#pragma once
#include <vector>

#include "src/nn/convolution.h"
#include "src/nn/int_cls.h"
#include "src/nn/linear.h"
#include "src/nn/torch7.h"

// GAWWN's picture generators (Reed et al., NIPS 2016) as reedscot/nips2016 publishes them. Torch7 gives
// layers no names: these are ours. Sides other than the published 128 get as many doublings as they need.
namespace helio::nn {

// Side of the map that places are told on: the published 16, less where the picture is too small.
int64_t PlaceSide(int64_t side);

struct GawwnGeneratorOptions {
  int64_t embedding = 1024;
  int64_t z = 100;
  int64_t gf = 128;
  int64_t side = 128;   // a power of two >= 8
  int64_t points = 15;  // of the key-point variant
};

class GawwnGeneratorImpl : public torch::nn::Module {
 public:
  // noise {B, z}, sentence {B, embedding}; place: what the variant conditions on. {B, 3, side, side} in [-1,
  // 1].
  virtual torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& sentence,
                                const torch::Tensor& place) = 0;

 protected:
  // The common end: from a map of `in` channels that depends on noise, text and place up to the picture, with
  // `inner` channels in between. Layers have the published indices from 3 on.
  void AddEnd(int64_t in, const std::vector<int64_t>& inner);
  torch::Tensor Picture(torch::Tensor features);

 private:
  std::vector<NormedLayer<ConvTranspose2d>> ups_;
  ConvTranspose2d last_{nullptr};
};

// Of bounding boxes: place {B, 2, 3} is the theta that crops the box (spatial_transformer.h). A global path
// sees the text where the box is, a region path draws what is pasted there.
class GawwnBoxGeneratorImpl : public GawwnGeneratorImpl {
 public:
  explicit GawwnBoxGeneratorImpl(const GawwnGeneratorOptions& options);
  torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& sentence,
                        const torch::Tensor& place) override;

 private:
  void AddGlobalPath(int64_t gf, int64_t halvings);
  void AddRegionPath(int64_t gf, int64_t halvings);
  torch::Tensor GlobalPath(const torch::Tensor& noise, const torch::Tensor& text, const torch::Tensor& grid);
  torch::Tensor RegionPath(const torch::Tensor& noise, const torch::Tensor& text, const torch::Tensor& grid);

  const int64_t cells_;
  Linear noise_global{nullptr}, txt{nullptr}, noise_local{nullptr};
  std::vector<NormedLayer<Conv2d>> shrink_;
  std::vector<NormedLayer<ConvTranspose2d>> grow_, draw_;
  std::vector<Bottleneck> residual_;  // behind all of draw_ but the last
  NormedLayer<ConvTranspose2d> mix_;
};
TORCH_MODULE(GawwnBoxGenerator);

// Of key points: place {B, points, cells, cells}, a one where a point is (PointMaps of src/recipes/places.h).
class GawwnKeypointGeneratorImpl : public GawwnGeneratorImpl {
 public:
  explicit GawwnKeypointGeneratorImpl(const GawwnGeneratorOptions& options);
  torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& sentence,
                        const torch::Tensor& place) override;

 private:
  torch::Tensor GlobalPath(const torch::Tensor& seed, const torch::Tensor& maps);
  torch::Tensor RegionPath(const torch::Tensor& seed, const torch::Tensor& maps);

  Linear noise{nullptr}, txt{nullptr};
  NormedLayer<Linear> global_seed_, region_seed_;
  std::vector<NormedLayer<Conv2d>> shrink_;
  std::vector<NormedLayer<ConvTranspose2d>> grow_;
  NormedLayer<ConvTranspose2d> region_, mix0_, mix1_;
  Bottleneck residual_{nullptr};
};
TORCH_MODULE(GawwnKeypointGenerator);

// {B, 1, h, w}: one where any of the maps {B, points, h, w} has a point.
torch::Tensor AnyPoint(const torch::Tensor& maps);

}  // namespace helio::nn
