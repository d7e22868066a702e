#include "src/nn/char_cnn_rnn.h"

#include "src/base/characters.h"
#include "src/base/error.h"
#include "src/base/precision.h"

namespace helio::nn {
namespace {

// Torch7's Threshold without arguments.
torch::Tensor Activated(const torch::Tensor& input) { return torch::threshold(input, 1e-6, 0); }

// A line of characters is a picture one pixel high: {N, channels, 1, characters}, channels-last in memory,
// for which torch's CPU kernels are faster (docs/benchmarks/step.md).
torch::Tensor OneHot(const torch::Tensor& characters, torch::ScalarType dtype) {
  const auto all = torch::one_hot(characters, kAlphabetSize + 1).narrow(2, 1, kAlphabetSize);
  return all.to(dtype).unsqueeze(1).permute({0, 3, 1, 2});
}

torch::Tensor Convolved(torch::nn::Conv1d& layer, const torch::Tensor& line) {
  return torch::conv2d(line, layer->weight.unsqueeze(2), layer->bias);
}

torch::Tensor Pooled(const torch::Tensor& line, int64_t stride) {
  return torch::max_pool2d(line, {1, 3}, {1, stride});
}

}  // namespace

CharCnnRnnOptions CharCnnRnnOptions::Of(const NamedTensors& weights, const std::string& where) {
  const auto find = [&](const std::string& name) {
    for (const auto& [own, tensor] : weights)
      if (own == name) return tensor;
    return torch::Tensor();
  };
  CharCnnRnnOptions options;
  for (auto& [name, channels] :
       std::initializer_list<std::pair<const char*, int64_t*>>{{"conv1.weight", &options.conv1},
                                                               {"conv2.weight", &options.conv2},
                                                               {"conv3.weight", &options.conv3},
                                                               {"out.weight", &options.embedding}}) {
    const auto tensor = find(name);
    if (!tensor.defined()) ThrowData(std::string("has no '") + name + "' of a char-CNN-RNN", where);
    *channels = tensor.size(0);
  }
  if (!find("rnn.i2h_update.weight").defined()) options.recurrence = CharRecurrence::kRelu8;
  return options;
}

MeanOfStatesImpl::MeanOfStatesImpl(int64_t size, CharRecurrence recurrence) {
  const auto linear = [&](const char* name) { return register_module(name, Linear(size, size)); };
  if (recurrence == CharRecurrence::kGru18) {
    i2h_update = linear("i2h_update");
    i2h_reset = linear("i2h_reset");
  }
  i2h = linear("i2h");
  if (recurrence == CharRecurrence::kGru18) {
    h2h_update = linear("h2h_update");
    h2h_reset = linear("h2h_reset");
  }
  h2h = linear("h2h");
}

// The first state sees nothing of the recurrence, not even its bias.
torch::Tensor MeanOfStatesImpl::Gated(const torch::Tensor& steps) {
  const auto updates = i2h_update(steps), resets = i2h_reset(steps), inputs = i2h(steps);
  auto state = inputs[0].tanh(), sum = state;
  for (int64_t t = 1; t < steps.size(0); ++t) {
    const auto update = (updates[t] + h2h_update(state)).sigmoid();
    const auto reset = (resets[t] + h2h_reset(state)).sigmoid();
    const auto candidate = (inputs[t] + h2h(reset * state)).tanh();
    state = update * candidate + (1 - update) * state;
    sum = sum + state;
  }
  return sum / steps.size(0);
}

torch::Tensor MeanOfStatesImpl::Rectified(const torch::Tensor& steps) {
  const auto inputs = i2h(steps);
  auto state = inputs[0].relu(), sum = state;
  for (int64_t t = 1; t < steps.size(0); ++t) {
    state = (inputs[t] + h2h(state)).relu();
    sum = sum + state;
  }
  return sum / steps.size(0);
}

torch::Tensor MeanOfStatesImpl::forward(const torch::Tensor& steps) {
  const FullPrecision recurrent;
  return i2h_update ? Gated(Exact(steps)) : Rectified(Exact(steps));
}

CharCnnRnnImpl::CharCnnRnnImpl(const CharCnnRnnOptions& options) : options_(options) {
  constexpr int64_t kWidth = 4;
  const auto convolution = [&](const char* name, int64_t in, int64_t channels) {
    return register_module(name, torch::nn::Conv1d(torch::nn::Conv1dOptions(in, channels, kWidth)));
  };
  conv1 = convolution("conv1", kAlphabetSize, options.conv1);
  conv2 = convolution("conv2", options.conv1, options.conv2);
  conv3 = convolution("conv3", options.conv2, options.conv3);
  rnn = register_module("rnn", MeanOfStates(options.conv3, options.recurrence));
  out = register_module("out", Linear(options.conv3, options.embedding));
}

torch::Tensor CharCnnRnnImpl::forward(const torch::Tensor& characters) {
  auto features = OneHot(characters, conv1->weight.scalar_type());
  features = Pooled(Activated(Convolved(conv1, features)), 3);
  features = Pooled(Activated(Convolved(conv2, features)), 3);
  features = Activated(Convolved(conv3, features));
  if (options_.recurrence == CharRecurrence::kRelu8) features = Pooled(features, 2);
  return out(rnn(features.squeeze(2).permute({2, 0, 1}).contiguous()));
}

}  // namespace helio::nn
