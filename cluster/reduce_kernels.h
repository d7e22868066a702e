#pragma once
#include <span>

#include "cluster/communicator.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// out[i] = op over parts[k][i], combined in the order of k, for `count` elements of `dtype`; kMean divides by
// parts.size(). bfloat16 and half are combined in float32 and rounded once. `out` may be one of the parts.
// Single-threaded: it runs beside the compute threads.
void ReduceParts(void* out, std::span<const void* const> parts, int64_t count, torch::ScalarType dtype,
                 Reduce op);

}  // namespace helio::cluster
