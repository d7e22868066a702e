#include "tests/parity/formula_weights.h"

namespace helio::parity {
namespace {

uint64_t Fnv1a(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return hash;
}

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// In (-1, 1), never 0, exact in float32.
double UnitValue(uint64_t hash, int64_t index) {
  const uint64_t z = Mix(hash + static_cast<uint64_t>(index + 1) * 0x9e3779b97f4a7c15);
  const auto k = static_cast<int64_t>(z >> 40);
  return static_cast<double>(2 * k + 1 - (1 << 24)) / (1 << 24);
}

// value = factor * (offset + slope * t)
struct Line {
  double factor = 1, offset = 0, slope = 1;
};

Line LineOf(const std::string& name, const torch::Tensor& tensor) {
  if (tensor.dim() == 4)
    return {std::sqrt(6.0 / static_cast<double>(tensor.size(1) * tensor.size(2) * tensor.size(3)))};
  if (tensor.dim() == 2) return {std::sqrt(3.0 / static_cast<double>(tensor.size(1)))};
  if (name.ends_with("running_var")) return {1, 1, 0.2};
  if (name.ends_with("running_mean") || name.ends_with("bias")) return {1, 0, 0.1};
  CHECK(name.ends_with("weight")) << name;
  return {name.ends_with("bn3.weight") ? 0.25 : 1.0, 1, 0.1};
}

void Fill(const std::string& key, const Line& line, torch::Tensor target) {
  auto values = torch::empty(target.sizes(), torch::kFloat32);
  const uint64_t hash = Fnv1a(key);
  float* out = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    const double moved = line.offset + line.slope * UnitValue(hash, i);
    out[i] = static_cast<float>(line.factor * moved);
  }
  target.copy_(values);
}

}  // namespace

void FillByFormula(const NamedTensors& state, uint64_t seed, const std::string& model) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : state) {
    if (name.ends_with("num_batches_tracked"))
      tensor.fill_(0);
    else
      Fill(std::to_string(seed) + "/" + model + "/" + name, LineOf(name, tensor), tensor);
  }
}

}  // namespace helio::parity
