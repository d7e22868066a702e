#pragma once
#include "src/base/tensor.h"

namespace helio::eval {

// What a picture was asked to hold, in units of its side; undefined: nothing of the kind.
struct Marks {
  torch::Tensor box = {};         // {4}: left, top, width, height
  torch::Tensor key_points = {};  // {P, 3}: x, y, and above 0.5 where there is one
};

// The picture {3, s, s} in [-1, 1] enlarged to about `side` pixels, with the box as a frame and each point as
// a dot. {3, side', side'} on the host.
torch::Tensor Marked(const torch::Tensor& picture, const Marks& marks, int64_t side = 160);

}  // namespace helio::eval
