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

void Normal(torch::Tensor& weight, Generator& generator) { weight.normal_(0, 0.02, generator); }

using DrawWeight = void (*)(torch::Tensor& weight, Generator& generator);

void InitializeLayer(torch::nn::Module& module, DrawWeight draw, Generator& generator) {
  if (auto* convolution = module.as<torch::nn::Conv2dImpl>()) {
    draw(convolution->weight, generator);
    Uniform(convolution->bias, convolution->weight[0].numel(), generator);
  } else if (auto* linear = module.as<torch::nn::LinearImpl>()) {
    draw(linear->weight, generator);
    if (linear->bias.defined()) linear->bias.zero_();
  } else if (auto* norm = module.as<BatchNormImpl>()) {
    norm->weight.normal_(1, 0.02, generator);
    norm->bias.zero_();
  }
}

void Torch7Convolution(torch::Tensor& weight, torch::Tensor& bias, Generator& generator) {
  Normal(weight, generator);
  bias.zero_();
}

void InitializeTorch7Layer(torch::nn::Module& module, Generator& generator) {
  if (auto* convolution = module.as<torch::nn::Conv2dImpl>()) {
    Torch7Convolution(convolution->weight, convolution->bias, generator);
  } else if (auto* temporal = module.as<torch::nn::Conv1dImpl>()) {
    Torch7Convolution(temporal->weight, temporal->bias, generator);
  } else if (auto* transposed = module.as<torch::nn::ConvTranspose2dImpl>()) {
    Torch7Convolution(transposed->weight, transposed->bias, generator);
  } else if (auto* linear = module.as<torch::nn::LinearImpl>()) {
    for (auto* tensor : {&linear->weight, &linear->bias}) Uniform(*tensor, linear->weight.size(1), generator);
  } else if (auto* norm = module.as<BatchNormImpl>()) {
    norm->weight.normal_(1, 0.02, generator);
    norm->bias.zero_();
  }
}

void DrawAll(torch::nn::Module& root, uint64_t key, DrawWeight draw) {
  torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(key);
  root.apply([&](torch::nn::Module& module) { InitializeLayer(module, draw, generator); });
}

}  // namespace

void InitializeOrthogonal(torch::nn::Module& root, uint64_t seed) {
  DrawAll(root, RandomKey(seed, "orthogonal"), Orthogonal);
}

void InitializeNormal(torch::nn::Module& root, uint64_t seed) {
  DrawAll(root, RandomKey(seed, "normal"), Normal);
}

void InitializeNormalZeroBias(torch::nn::Module& root, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(RandomKey(seed, "unbiased"));
  // All that a network without linear layers and affine norms has.
  for (auto& parameter : root.named_parameters()) {
    if (parameter.key().ends_with("weight"))
      Normal(parameter.value(), generator);
    else
      parameter.value().zero_();
  }
}

void InitializeTorch7(torch::nn::Module& root, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(RandomKey(seed, "torch7"));
  root.apply([&](torch::nn::Module& module) { InitializeTorch7Layer(module, generator); });
}

void InitializeUniform(torch::nn::Module& root, uint64_t seed, double bound) {
  torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(RandomKey(seed, "uniform"));
  for (auto& parameter : root.parameters()) parameter.uniform_(-bound, bound, generator);
}

}  // namespace helio::nn
