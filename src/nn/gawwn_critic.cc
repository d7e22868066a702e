#include "src/nn/gawwn_critic.h"

#include "src/nn/convolution.h"
#include "src/nn/critic.h"
#include "src/nn/gawwn_generator.h"
#include "src/nn/spatial_transformer.h"

namespace helio::nn {
GawwnTrunkImpl::GawwnTrunkImpl(int64_t df, int64_t halvings) {
  int64_t in = 3;
  for (int64_t i = 0; i <= halvings; ++i) {
    const bool norm = i + 1 >= halvings;
    const int64_t out = norm ? 2 * df : df;
    auto layer = i < halvings ? BiasedConv(in, out, 4, 2, 1) : BiasedConv(in, out, 3, 1, 1);
    if (norm)
      normed_.push_back(RegisterNormed(*this, Numbered("conv", i), Numbered("bn", i), layer));
    else
      plain_.push_back(register_module(Numbered("conv", i), layer));
    in = out;
  }
}

torch::Tensor GawwnTrunkImpl::forward(const torch::Tensor& images, int64_t times) {
  auto features = images.contiguous(torch::MemoryFormat::ChannelsLast);
  for (auto& layer : plain_) features = LeakyRelu(layer(features));
  for (auto& layer : normed_) features = LeakyRelu(layer.ForwardTimes(features, times));
  return features;
}

GawwnCriticImpl::GawwnCriticImpl(const GawwnCriticOptions& options, int64_t more_region, int64_t spread)
    : cells_(PlaceSide(options.side)) {
  const int64_t df = options.df, text = options.projection, halvings = Doublings(cells_);
  trunk = register_module("trunk", GawwnTrunk(df, Doublings(options.side) - Doublings(cells_)));
  txt = register_module("txt", Linear(options.embedding, text));
  rconv0_ = RegisterNormed(*this, "rconv0", "rbn0", BiasedConv(2 * df + text, 2 * df, 3, 1, 1));
  rconv1_ = RegisterNormed(*this, "rconv1", "rbn1", BiasedConv(2 * df + more_region, 2 * df, 1));
  rconv2 = register_module("rconv2", BiasedConv(2 * df, df, 1));
  int64_t in = 2 * df;
  for (int64_t i = 0; i < halvings; ++i, in *= 2)
    whole_.push_back(
        RegisterNormed(*this, Numbered("gconv", i), Numbered("gbn", i), BiasedConv(in, 2 * in, 4, 2, 1)));
  join_ = RegisterNormed(*this, "gconv2", "gbn2", BiasedConv(in + spread, 4 * df, 1));
  last_ = RegisterNormed(*this, "gconv3", "gbn3", BiasedConv(4 * df, df, 4));
  fc0_ = RegisterNormed(*this, "fc0", "bn_fc", Linear(2 * df, df));
  fc1 = register_module("fc1", Linear(df, 1));
  UseChannelsLast(*this);
}

GawwnLook GawwnCriticImpl::Look(const torch::Tensor& images, int64_t passes) {
  GawwnLook look;
  look.cells = trunk(images, 2 * passes);
  look.whole = look.cells;
  for (auto& layer : whole_) look.whole = LeakyRelu(layer.ForwardTimes(look.whole, passes));
  return look;
}

torch::Tensor GawwnCriticImpl::Judge(const GawwnLook& look, const torch::Tensor& place,
                                     const torch::Tensor& sentence) {
  const auto text = LeakyRelu(txt(sentence));
  auto region = LeakyRelu(rconv0_(torch::cat({look.cells, Tiled(text, look.cells)}, 1)));
  region = LeakyRelu(rconv1_(Region(region, place)));
  region = LeakyRelu(rconv2(region).mean({2, 3}));
  auto whole = LeakyRelu(join_(torch::cat({look.whole, Spread(text, place)}, 1)));
  whole = LeakyRelu(last_(whole)).flatten(1);
  return fc1(LeakyRelu(fc0_(torch::cat({region, whole}, 1)))).view(-1);
}

GawwnBoxCriticImpl::GawwnBoxCriticImpl(const GawwnCriticOptions& options)
    : GawwnCriticImpl(options, 0, Doublings(PlaceSide(options.side)) > 0 ? options.df : options.projection) {
  int64_t in = options.projection;
  const int64_t halvings = Doublings(cells());
  for (int64_t i = 0; i < halvings; ++i) {
    const int64_t out = i + 1 < halvings ? 4 * options.df : options.df;
    spread_.push_back(
        RegisterNormed(*this, Numbered("tconv", i), Numbered("tbn", i), BiasedConv(in, out, 4, 2, 1)));
    in = out;
  }
  UseChannelsLast(*this);
}

torch::Tensor GawwnBoxCriticImpl::Region(const torch::Tensor& features, const torch::Tensor& place) {
  return Sampled(features, AffineGrid(place, cells(), cells()));
}

torch::Tensor GawwnBoxCriticImpl::Spread(const torch::Tensor& text, const torch::Tensor& place) {
  auto map = SampledConstant(text, AffineGrid(place, cells(), cells()), cells());
  for (auto& layer : spread_) map = layer(map).relu();  // not leaky, unlike all else here
  return map;
}

torch::Tensor GawwnKeypointCriticImpl::Region(const torch::Tensor& features, const torch::Tensor& place) {
  const auto maps = place.contiguous(torch::MemoryFormat::ChannelsLast);
  return torch::cat({features * AnyPoint(maps), maps}, 1);
}

torch::Tensor GawwnKeypointCriticImpl::Spread(const torch::Tensor& text, const torch::Tensor&) {
  return text.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, 4, 4});
}

}  // namespace helio::nn
