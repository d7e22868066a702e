#include "src/nn/gawwn_points.h"

#include "src/base/precision.h"

namespace helio::nn {
namespace {

using Layers = std::vector<NormedLayer<Linear>>;

// `layer`0, 1, ... with batch norms `norm`0, 1, ...
Layers Chain(torch::nn::Module& net, const std::string& layer, const std::string& norm,
             const std::vector<int64_t>& sizes) {
  Layers layers;
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    const auto number = std::to_string(i);
    layers.push_back(RegisterNormed(net, layer + number, norm + number, Linear(sizes[i], sizes[i + 1])));
  }
  return layers;
}

torch::Tensor Through(Layers& layers, torch::Tensor features, double slope) {
  for (auto& layer : layers) features = LeakyRelu(layer(features), slope);
  return features;
}

constexpr double kRelu = 0, kLeaky = 0.2;

}  // namespace

GawwnPointsGeneratorImpl::GawwnPointsGeneratorImpl(const GawwnPointsOptions& options) {
  const int64_t gf = options.gf, places = 3 * options.points;
  noise = register_module("noise", Linear(options.z, 4 * gf));
  txt = register_module("txt", Linear(options.embedding, 4 * gf));
  places_ = Chain(*this, "loc", "bn_loc", {places, 4 * gf, 2 * gf});
  hidden_ = Chain(*this, "fc", "bn", {10 * gf, 8 * gf, 4 * gf, 2 * gf});
  fc3 = register_module("fc3", Linear(2 * gf, places));
}

torch::Tensor GawwnPointsGeneratorImpl::forward(const torch::Tensor& z, const torch::Tensor& sentence,
                                                const torch::Tensor& given) {
  const auto places = Through(places_, given.flatten(1), kRelu);
  const auto all = torch::cat({noise(z).relu(), txt(sentence).relu(), places}, 1);
  const auto hidden = Exact(Through(hidden_, all, kRelu));
  const FullPrecision full;  // places: all near 0.5 at first, where bfloat16 does not tell them apart
  const auto made = fc3(hidden).sigmoid().view_as(given);
  const auto mask = given.narrow(2, 2, 1);
  return made * (1 - mask) + given * mask;
}

GawwnPointsCriticImpl::GawwnPointsCriticImpl(const GawwnPointsOptions& options) {
  const int64_t df = options.df;
  places_ = Chain(*this, "loc", "bn_loc", {3 * options.points, 4 * df, 2 * df});
  text_ = Chain(*this, "txt", "bn_txt", {options.embedding, 4 * df, 2 * df});
  fc0_ = RegisterNormed(*this, "fc0", "bn0", Linear(4 * df, 2 * df));
  fc1 = register_module("fc1", Linear(2 * df, 1));
}

torch::Tensor GawwnPointsCriticImpl::forward(const torch::Tensor& points, const torch::Tensor& sentence) {
  const auto places = Through(places_, points.flatten(1), kLeaky);
  const auto text = Through(text_, sentence, kLeaky);
  return fc1(LeakyRelu(fc0_(torch::cat({places, text}, 1)))).view(-1);
}

}  // namespace helio::nn
