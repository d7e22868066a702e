#include "src/nn/gawwn_generator.h"

#include "src/nn/convolution.h"
#include "src/nn/critic.h"
#include "src/nn/spatial_transformer.h"

namespace helio::nn {
namespace {

// {B, C} as a map of one cell.
torch::Tensor AsMap(const torch::Tensor& values) {
  return values.unsqueeze(-1).unsqueeze(-1).contiguous(torch::MemoryFormat::ChannelsLast);
}

// From a map to one cell: halvings, then all that is left of it. `channels`: of each.
std::vector<NormedLayer<Conv2d>> ShrinkingTo(torch::nn::Module& net, const char* layer, const char* norm,
                                             int64_t in, const std::vector<int64_t>& channels) {
  std::vector<NormedLayer<Conv2d>> layers;
  for (size_t i = 0; i < channels.size(); ++i) {
    auto built =
        i + 1 < channels.size() ? BiasedConv(in, channels[i], 4, 2, 1) : BiasedConv(in, channels[i], 4);
    layers.push_back(RegisterNormed(net, Numbered(layer, i), Numbered(norm, i), built));
    in = channels[i];
  }
  return layers;
}

// From one cell to a map: 4 x 4, then doublings.
std::vector<NormedLayer<ConvTranspose2d>> GrowingFrom(torch::nn::Module& net, const char* layer,
                                                      const char* norm, int64_t in,
                                                      const std::vector<int64_t>& channels) {
  std::vector<NormedLayer<ConvTranspose2d>> layers;
  for (size_t i = 0; i < channels.size(); ++i) {
    auto built = i == 0 ? BiasedUp(in, channels[i], 4) : BiasedUp(in, channels[i], 4, 2, 1);
    layers.push_back(RegisterNormed(net, Numbered(layer, i), Numbered(norm, i), built));
    in = channels[i];
  }
  return layers;
}

// Halved each time, ending with `last`.
std::vector<int64_t> Falling(int64_t last, int64_t halvings) {
  std::vector<int64_t> channels;
  for (int64_t i = halvings; i >= 0; --i) channels.push_back(last << i);
  return channels;
}

// Doubled each time, then `last`.
std::vector<int64_t> Rising(int64_t first, int64_t halvings, int64_t last) {
  std::vector<int64_t> channels;
  for (int64_t i = 0; i < halvings; ++i) channels.push_back(first << i);
  channels.push_back(last);
  return channels;
}

int64_t DoublingsFrom(int64_t cells, int64_t side) { return Doublings(side) - Doublings(cells); }

}  // namespace

int64_t PlaceSide(int64_t side) { return std::min<int64_t>(16, side / 2); }

torch::Tensor AnyPoint(const torch::Tensor& maps) { return maps.sum(1, /*keepdim=*/true).clamp(0, 1); }

void GawwnGeneratorImpl::AddEnd(int64_t in, const std::vector<int64_t>& inner) {
  size_t number = 3;
  for (const int64_t out : inner) {
    ups_.push_back(
        RegisterNormed(*this, Numbered("up", number), Numbered("bn", number), BiasedUp(in, out, 4, 2, 1)));
    in = out;
    ++number;
  }
  last_ = register_module(Numbered("up", number), BiasedUp(in, 3, 4, 2, 1));
}

torch::Tensor GawwnGeneratorImpl::Picture(torch::Tensor features) {
  for (auto& up : ups_) features = up(features).relu();
  return last_(features).tanh();
}

GawwnBoxGeneratorImpl::GawwnBoxGeneratorImpl(const GawwnGeneratorOptions& options)
    : cells_(PlaceSide(options.side)) {
  const int64_t gf = options.gf, halvings = Doublings(cells_);
  noise_global = register_module("noise_global", Linear(options.z, 4 * gf));
  txt = register_module("txt", Linear(options.embedding, 4 * gf));
  AddGlobalPath(gf, halvings);
  noise_local = register_module("noise_local", Linear(options.z, 4 * gf));
  AddRegionPath(gf, halvings);
  mix_ = RegisterNormed(*this, "mix", "bn_mix", BiasedUp(4 * gf, 2 * gf, 3, 1, 1));
  // The last but one has 32 channels whatever gf.
  std::vector<int64_t> inner(static_cast<size_t>(DoublingsFrom(cells_, options.side) - 1), gf);
  if (!inner.empty()) inner.back() = 32;
  AddEnd(2 * gf, inner);
  UseChannelsLast(*this);
}

void GawwnBoxGeneratorImpl::AddGlobalPath(int64_t gf, int64_t halvings) {
  const std::vector<int64_t> same(static_cast<size_t>(halvings + 1), 4 * gf);
  shrink_ = ShrinkingTo(*this, "tconv", "tbn", 4 * gf, same);
  grow_ = GrowingFrom(*this, "gup", "gbn", 8 * gf, Falling(2 * gf, halvings));
}

void GawwnBoxGeneratorImpl::AddRegionPath(int64_t gf, int64_t halvings) {
  const auto channels = Falling(2 * gf, halvings);
  draw_ = GrowingFrom(*this, "lup", "lbn", 8 * gf, channels);
  for (size_t i = 0; i + 1 < channels.size(); ++i)
    residual_.push_back(register_module(Numbered("lres", i), Bottleneck(channels[i], channels[i] / 4, 0.0)));
}

torch::Tensor GawwnBoxGeneratorImpl::forward(const torch::Tensor& noise, const torch::Tensor& sentence,
                                             const torch::Tensor& place) {
  const auto text = txt(sentence);  // no activation here
  const auto grid = AffineGrid(PasteOf(place), cells_, cells_);
  const auto both = torch::cat({GlobalPath(noise, text, grid), RegionPath(noise, text, grid)}, 1);
  return Picture(mix_(both).relu());
}

torch::Tensor GawwnBoxGeneratorImpl::GlobalPath(const torch::Tensor& noise, const torch::Tensor& text,
                                                const torch::Tensor& grid) {
  auto features = SampledConstant(text, grid, cells_);
  for (auto& layer : shrink_) features = layer(features).relu();
  features = torch::cat({AsMap(noise_global(noise).relu()), features}, 1);
  for (auto& layer : grow_) features = layer(features).relu();
  return features;
}

torch::Tensor GawwnBoxGeneratorImpl::RegionPath(const torch::Tensor& noise, const torch::Tensor& text,
                                                const torch::Tensor& grid) {
  auto features = AsMap(torch::cat({noise_local(noise), text}, 1).relu());
  for (size_t i = 0; i < draw_.size(); ++i) {
    features = draw_[i](features);  // no activation in front of a block, nor before pasting
    if (i < residual_.size()) features = residual_[i](features);
  }
  return Sampled(features, grid).relu();
}

GawwnKeypointGeneratorImpl::GawwnKeypointGeneratorImpl(const GawwnGeneratorOptions& options) {
  const int64_t gf = options.gf, cells = PlaceSide(options.side), halvings = Doublings(cells);
  noise = register_module("noise", Linear(options.z, 4 * gf));
  txt = register_module("txt", Linear(options.embedding, 4 * gf));
  global_seed_ = RegisterNormed(*this, "gfc", "gbn_fc", Linear(8 * gf, 4 * gf));
  shrink_ = ShrinkingTo(*this, "kconv", "kbn", options.points, Rising(gf, halvings, 4 * gf));
  grow_ = GrowingFrom(*this, "gup", "gbn", 8 * gf, Falling(gf, halvings));
  region_seed_ = RegisterNormed(*this, "rfc", "rbn_fc", Linear(8 * gf, 4 * gf));
  region_ = RegisterNormed(*this, "rup", "rbn", BiasedUp(4 * gf, 4 * gf, 3, 1, 1));
  mix0_ = RegisterNormed(*this, "mix0", "bn_mix0", BiasedUp(5 * gf + options.points, 4 * gf, 3, 1, 1));
  mix1_ = RegisterNormed(*this, "mix1", "bn_mix1", BiasedUp(4 * gf, 4 * gf, 3, 1, 1));
  residual_ = register_module("res", Bottleneck(4 * gf, gf, 0.0));
  std::vector<int64_t> inner;
  for (int64_t i = 1; i < DoublingsFrom(cells, options.side); ++i)
    inner.push_back(std::max<int64_t>(4 * gf >> i, 1));
  AddEnd(4 * gf, inner);
  UseChannelsLast(*this);
}

torch::Tensor GawwnKeypointGeneratorImpl::forward(const torch::Tensor& z, const torch::Tensor& sentence,
                                                  const torch::Tensor& place) {
  const auto seed = torch::cat({noise(z), txt(sentence)}, 1).relu();
  const auto maps = place.contiguous(torch::MemoryFormat::ChannelsLast);
  const auto all = torch::cat({GlobalPath(seed, maps), RegionPath(seed, maps), maps}, 1);
  return Picture(residual_(mix1_(mix0_(all).relu())));  // no activation in front of the block
}

torch::Tensor GawwnKeypointGeneratorImpl::GlobalPath(const torch::Tensor& seed, const torch::Tensor& maps) {
  auto points = maps;
  for (auto& layer : shrink_) points = layer(points).relu();
  auto features = torch::cat({AsMap(global_seed_(seed).relu()), points}, 1);
  for (auto& layer : grow_) features = layer(features).relu();
  return features;
}

torch::Tensor GawwnKeypointGeneratorImpl::RegionPath(const torch::Tensor& seed, const torch::Tensor& maps) {
  const auto everywhere = Tiled(region_seed_(seed).relu(), maps);
  const auto there = (everywhere * AnyPoint(maps)).contiguous(torch::MemoryFormat::ChannelsLast);
  return region_(there).relu();
}

}  // namespace helio::nn
