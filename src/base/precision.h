#pragma once
#include <optional>

#include "src/base/enum_names.h"
#include "src/base/tensor.h"

// In which number format networks are computed in training (--precision; docs/numerics.md, "Number formats").
// Weights, their gradients, moments and averages, batch-norm statistics and losses are float32 in all of
// them.
namespace helio {

enum class Precision {
  kFloat32,   // IEEE single
  kTf32,      // on CUDA its products have TF32's 10 bits of mantissa; a CPU computes float32
  kBfloat16,  // activations and products of forward passes, and so of their backward, in bfloat16
};
inline constexpr Named<Precision> kPrecisions[] = {
    {Precision::kFloat32, "float32"}, {Precision::kTf32, "tf32"}, {Precision::kBfloat16, "bfloat16"}};

// Of products of float32 tensors on CUDA devices, for the whole process: TF32 with kTf32, else IEEE, also
// where LibTorch's own default is TF32 (cuDNN's convolutions).
void UseCudaProducts(Precision precision);

// While it lives, this thread's forward passes on `device` are in `precision`: at::autocast with kBfloat16,
// nothing otherwise. Autocast casts each weight once and drops the casts when this object ends, since
// optimizers write weights in place; only the graphs built meanwhile may hold a cast for longer. Within its
// life a trained weight must not be used first without and later with gradients (the cast that is used again
// has no graph), and backward must not run: it comes after the end. Not nested.
class [[nodiscard]] ForwardPrecision {
 public:
  ForwardPrecision(Precision precision, torch::Device device);
  ForwardPrecision(const ForwardPrecision&) = delete;
  ForwardPrecision& operator=(const ForwardPrecision&) = delete;
  ~ForwardPrecision();

 private:
  std::optional<torch::DeviceType> device_;  // where something is to be undone
};

// While it lives, operators of this thread compute in the types of their arguments, inside ForwardPrecision
// too: losses, geometry, and gradients that a loss takes itself. Their arguments go through Exact.
class [[nodiscard]] FullPrecision {
 public:
  FullPrecision();
  FullPrecision(const FullPrecision&) = delete;
  FullPrecision& operator=(const FullPrecision&) = delete;
  ~FullPrecision();

 private:
  const bool was_excluded_[2];  // autocast's dispatch keys, of CPU and CUDA
};

// A bfloat16 tensor as float32, differentiably; any other as it is.
inline torch::Tensor Exact(const torch::Tensor& values) {
  return values.defined() && values.scalar_type() == torch::kBFloat16 ? values.to(torch::kFloat32) : values;
}

}  // namespace helio
