#pragma once
#include <string>
#include <vector>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// Where one parameter lies in its group's flat buffers.
struct Slot {
  std::string name;
  torch::Tensor parameter;  // the leaf; its data and gradient are views of the flat buffers
  int64_t offset = 0;       // elements
  int64_t size = 0;
};

// A player's parameters and gradients as two flat buffers, in the order given, each parameter aligned to 64
// bytes, the whole padded to a multiple of `shards` x 64 bytes (the padding stays zero). Networks see no
// difference: the parameters become views (with their own strides, so channels-last weights stay so), and
// backward adds into gradient views that stay in place. Not thread-safe; knows no rank.
class ParameterGroup {
 public:
  // Re-homes `parameters`: leaves of one dtype and device, dense and non-overlapping. Throws Error{kUser} on
  // a mix, CHECKs on a duplicate tensor. The networks must not be moved to another device or dtype
  // afterwards.
  explicit ParameterGroup(std::string name, const NamedTensors& parameters, int shards = 1);
  ParameterGroup(const ParameterGroup&) = delete;
  ParameterGroup& operator=(const ParameterGroup&) = delete;

  const std::string& name() const { return name_; }
  const std::vector<Slot>& slots() const { return slots_; }
  int64_t size() const { return parameters_.numel(); }             // elements, with padding
  const torch::Tensor& parameters() const { return parameters_; }  // {size()}
  const torch::Tensor& gradients() const { return gradients_; }    // {size()}

  // Zeroes the flat gradient and puts every .grad back to its view of it. Call before each accumulation.
  void ZeroGradient();

  // `flat` {size()} as one tensor per slot, under the slots' names, in the parameters' shapes and strides:
  // views.
  NamedTensors ViewsOf(const torch::Tensor& flat) const;

 private:
  std::string name_;
  std::vector<Slot> slots_;
  torch::Tensor parameters_;
  torch::Tensor gradients_;
  std::vector<torch::Tensor> gradient_views_;
};

// L2 norm over the slots whose name begins with `prefix`, accumulated in float64 in a fixed order (the same
// on every rank whatever its threads). NaN or infinite if any element is. {} float64 on the group's device,
// which nobody waits for.
torch::Tensor GradientNorm(const ParameterGroup& group, const std::string& prefix = "");

// Sum of squares of those gradients within [begin, end) of the flat buffer: a shard's share of the norm. As
// GradientNorm.
torch::Tensor GradientSquares(const ParameterGroup& group, const std::string& prefix, int64_t begin,
                              int64_t end);

// What gradients are multiplied with so that their norm stays under the limit: limit / (norm + 1e-6) if norm
// > limit, as torch.nn.utils.clip_grad_norm_; else 1. {} float64 each.
torch::Tensor ClipFactor(const torch::Tensor& norm, double limit);

// What an optimizer's step multiplies the gradients with.
struct GradientScale {
  double all = 1;           // the mean over micro-batches
  torch::Tensor clip = {};  // {} float64: of the slots whose name begins with `prefix`, beside `all`
  std::string prefix = "";
};

// Elements [begin, end) of a group whose gradients count `factor` times in an optimizer's step.
struct ScaledRange {
  int64_t begin, end;
  double factor;
};
// The whole group, in as few ranges as its scale allows. Reads scale.clip.
std::vector<ScaledRange> GradientFactors(const ParameterGroup& group, const GradientScale& scale);
// The same, written into the gradients, without reading scale.clip.
void ScaleGradients(const ParameterGroup& group, const GradientScale& scale);

}  // namespace helio::cluster
