#include "src/nn/init.h"

#include "src/base/random.h"
#include "src/nn/batch_norm.h"

namespace helio::nn {
namespace {

// torch's own initialisers draw from the one generator of the process; ranks that are threads would disturb
// each other there.
using Generator = at::Generator;

void Uniform(torch::Tensor& tensor, int64_t fan, Generator& generator) {
  if (!tensor.defined()) return;
  const double bound = 1 / std::sqrt(static_cast<double>(fan));
  tensor.uniform_(-bound, bound, generator);
}

// Orthonormal rows or columns, whichever are fewer, of the weight seen as a matrix (Saxe et al. 2014). The
// numbers do not depend on the weight's memory format.
void Orthogonal(torch::Tensor& weight, Generator& generator) {
  const auto rows = weight.size(0), columns = weight[0].numel();
  const auto tall = torch::empty({std::max(rows, columns), std::min(rows, columns)}, weight.options())
                        .normal_(0, 1, generator);
  const auto [q, r] = torch::linalg_qr(tall);
  const auto unique = q * r.diagonal().sign();
  weight.copy_((rows < columns ? unique.t() : unique).reshape(weight.sizes()));
}

void InitializeLayer(torch::nn::Module& module, Generator& generator) {
  if (auto* convolution = module.as<torch::nn::Conv2dImpl>()) {
    Orthogonal(convolution->weight, generator);
    Uniform(convolution->bias, convolution->weight[0].numel(), generator);
  } else if (auto* linear = module.as<torch::nn::LinearImpl>()) {
    Orthogonal(linear->weight, generator);
    if (linear->bias.defined()) linear->bias.zero_();
  } else if (auto* norm = module.as<BatchNormImpl>()) {
    norm->weight.normal_(1, 0.02, generator);
    norm->bias.zero_();
  }
}

template <typename Layer>
bool ResetAffine(torch::nn::Module& module, Generator& generator) {
  auto* layer = module.as<Layer>();
  if (!layer) return false;
  const int64_t fan = layer->weight[0].numel();
  Uniform(layer->weight, fan, generator);
  Uniform(layer->bias, fan, generator);
  return true;
}

template <typename Layer>
bool ResetRecurrent(torch::nn::Module& module, Generator& generator) {
  auto* layer = module.as<Layer>();
  if (!layer) return false;
  for (auto& parameter : layer->parameters()) Uniform(parameter, layer->options.hidden_size(), generator);
  return true;
}

void ResetLayer(torch::nn::Module& module, Generator& generator) {
  if (auto* embedding = module.as<torch::nn::EmbeddingImpl>()) {
    embedding->weight.normal_(0, 1, generator);
    return;
  }
  ResetAffine<torch::nn::Conv2dImpl>(module, generator) ||
      ResetAffine<torch::nn::LinearImpl>(module, generator) ||
      ResetRecurrent<torch::nn::LSTMImpl>(module, generator) ||
      ResetRecurrent<torch::nn::GRUImpl>(module, generator);
}

void DrawAll(torch::nn::Module& root, uint64_t key, void (*draw)(torch::nn::Module&, Generator&)) {
  torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(key);
  root.apply([&](torch::nn::Module& module) { draw(module, generator); });
}

}  // namespace

void InitializeOrthogonal(torch::nn::Module& root, uint64_t seed) {
  DrawAll(root, RandomKey(seed, "orthogonal"), InitializeLayer);
}

void InitializeDefault(torch::nn::Module& root, uint64_t seed) {
  DrawAll(root, RandomKey(seed, "default_initialisation"), ResetLayer);
}

}  // namespace helio::nn
