#include "src/nn/init.h"

#include "src/base/random.h"
#include "src/nn/batch_norm.h"

namespace helio::nn {
namespace {

// torch's initialisers draw from the global generator; this borrows it, seeded, and gives it back as it was.
class SeededScope {
 public:
  explicit SeededScope(uint64_t key) : generator_(at::detail::getDefaultCPUGenerator()) {
    const std::lock_guard lock(generator_.mutex());
    saved_ = generator_.get_state();
    generator_.set_current_seed(key);
  }
  SeededScope(const SeededScope&) = delete;
  SeededScope& operator=(const SeededScope&) = delete;
  ~SeededScope() {
    const std::lock_guard lock(generator_.mutex());
    generator_.set_state(saved_);
  }

 private:
  at::Generator generator_;
  torch::Tensor saved_;
};

// torch's views the weight as a matrix, which a channels-last one cannot be; and the numbers must not depend
// on the memory format.
void Orthogonal(torch::Tensor& weight) {
  auto plain = torch::empty(weight.sizes(), weight.options());
  weight.copy_(torch::nn::init::orthogonal_(plain));
}

// torch's default, which the published code leaves in convolutions: drawn here so that it too follows the
// seed.
void DefaultBias(torch::nn::Conv2dImpl& convolution) {
  if (!convolution.bias.defined()) return;
  const double inputs = static_cast<double>(convolution.weight[0].numel()), bound = 1 / std::sqrt(inputs);
  torch::nn::init::uniform_(convolution.bias, -bound, bound);
}

void InitializeLayer(torch::nn::Module& module) {
  if (auto* convolution = module.as<torch::nn::Conv2dImpl>()) {
    Orthogonal(convolution->weight);
    DefaultBias(*convolution);
  } else if (auto* linear = module.as<torch::nn::LinearImpl>()) {
    Orthogonal(linear->weight);
    if (linear->bias.defined()) torch::nn::init::zeros_(linear->bias);
  } else if (auto* norm = module.as<BatchNormImpl>()) {
    torch::nn::init::normal_(norm->weight, 1, 0.02);
    torch::nn::init::zeros_(norm->bias);
  }
}

void ResetLayer(torch::nn::Module& module) {
  if (auto* convolution = module.as<torch::nn::Conv2dImpl>())
    convolution->reset_parameters();
  else if (auto* linear = module.as<torch::nn::LinearImpl>())
    linear->reset_parameters();
  else if (auto* embedding = module.as<torch::nn::EmbeddingImpl>())
    embedding->reset_parameters();
  else if (auto* lstm = module.as<torch::nn::LSTMImpl>())
    lstm->reset_parameters();
  else if (auto* gru = module.as<torch::nn::GRUImpl>())
    gru->reset_parameters();
}

}  // namespace

void InitializeOrthogonal(torch::nn::Module& root, uint64_t seed) {
  torch::NoGradGuard no_grad;
  const SeededScope scope(RandomKey(seed, "orthogonal"));
  root.apply(InitializeLayer);
}

void InitializeDefault(torch::nn::Module& root, uint64_t seed) {
  const SeededScope scope(RandomKey(seed, "default_initialisation"));
  root.apply(ResetLayer);
}

}  // namespace helio::nn
