#pragma once
#include "src/base/tensor.h"

namespace helio::eval {

// How the drawn rows lie among the real ones: shares in [0, 1], density also above 1. Around each row lies a
// ball that reaches to its k-th nearest neighbour of its own side.
struct ManifoldScores {
  double precision = 0;  // drawn rows inside a real ball (Kynkaanniemi et al. 2019, eq. 2)
  double recall = 0;     // real rows inside a drawn ball
  double density = 0;    // real balls around a drawn row, over k (Naeem et al. 2020, eq. 4)
  double coverage = 0;   // real balls with a drawn row inside (eq. 6)
};

// Of real {n, d} and drawn {m, d}; distances in float64, a few rows at a time. Throws Error{kUser} where a
// side has not more than `neighbours` rows. NaN where a value is not finite.
ManifoldScores ManifoldScoresOf(const torch::Tensor& real, const torch::Tensor& drawn, int64_t neighbours);

}  // namespace helio::eval
