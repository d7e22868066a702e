#include "cluster/wire.h"

namespace helio::cluster {
namespace {

class SameWire : public Wire {
 public:
  explicit SameWire(torch::Tensor gradients) : gradients_(std::move(gradients)) {}
  torch::Tensor Load(int64_t begin, int64_t end) override { return gradients_.slice(0, begin, end); }
  void Unload(int64_t, int64_t) override {}

 private:
  const torch::Tensor gradients_;
};

class Bfloat16Wire : public Wire {
 public:
  explicit Bfloat16Wire(torch::Tensor gradients)
      : gradients_(std::move(gradients)), copy_(torch::empty_like(gradients_, torch::kBFloat16)) {}
  torch::Tensor Load(int64_t begin, int64_t end) override {
    return copy_.slice(0, begin, end).copy_(gradients_.slice(0, begin, end));
  }
  void Unload(int64_t begin, int64_t end) override {
    gradients_.slice(0, begin, end).copy_(copy_.slice(0, begin, end));
  }

 private:
  const torch::Tensor gradients_, copy_;
};

}  // namespace

std::unique_ptr<Wire> MakeWire(WireDtype dtype, torch::Tensor gradients) {
  if (dtype == WireDtype::kBfloat16) return std::make_unique<Bfloat16Wire>(std::move(gradients));
  return std::make_unique<SameWire>(std::move(gradients));
}

}  // namespace helio::cluster
