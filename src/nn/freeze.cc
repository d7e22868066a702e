#include "src/nn/freeze.h"

namespace helio::nn {

void Freeze(torch::nn::Module& module) {
  module.eval();
  for (auto& parameter : module.parameters()) parameter.set_requires_grad(false);
  for (const auto& layer : module.modules())
    if (layer->as<torch::nn::LSTMImpl>() || layer->as<torch::nn::GRUImpl>()) layer->train();
}

}  // namespace helio::nn
