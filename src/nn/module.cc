#include "src/nn/module.h"

namespace helio {

NamedTensors StateOf(const torch::nn::Module& module, const std::string& prefix) {
  NamedTensors state;
  for (const auto& parameter : module.named_parameters())
    state.emplace_back(prefix + parameter.key(), parameter.value());
  for (const auto& buffer : module.named_buffers()) state.emplace_back(prefix + buffer.key(), buffer.value());
  return state;
}

}  // namespace helio
