#pragma once
#include <string>
#include <utility>
#include <vector>

#include "src/base/tensor.h"

namespace helio {

// Tensors by stable name, in a stable order: the parameters and buffers of a network under the published
// names.
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

template <typename T>
void Append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}
// Those of `tensors` whose name begins with `prefix`, which is cut off.
NamedTensors WithoutPrefix(const NamedTensors& tensors, const std::string& prefix);

// Copies `source` into `target` by name (in place, no gradient). Throws Error{kUser} that lists every
// missing, unexpected and misshapen tensor, not only the first. `num_batches_tracked` may be missing (weights
// from before PyTorch 0.4.1 lack it).
void CopyState(const NamedTensors& source, const NamedTensors& target, const std::string& where);

// Digest of names, shapes, dtypes and values, in whatever memory order they lie.
std::string WeightsDigest(const NamedTensors& tensors);

// Brings the tensors themselves (every module that holds them sees it) to `device`.
void MoveTo(const NamedTensors& tensors, torch::Device device);

}  // namespace helio
