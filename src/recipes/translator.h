#pragma once
#include <string>
#include <vector>

#include "src/base/tensor.h"

namespace helio::recipes {

// From pictures of one of a system's domains to another.
struct Direction {
  std::string name;         // "a2b": what --direction calls it
  size_t from = 0, to = 0;  // domains of a batch, as System::Needs names them
  std::string part;         // the part that translates: "netG_A"
};

struct Translation {
  torch::Tensor there;  // {B, 3, h, w} in [-1, 1]: the pictures in the other domain
  torch::Tensor back;   // {B, 3, h, w}: and those brought back again
};

// Translates pictures with a system's generators, for samples and helio-generate: no gradient. Local. One
// thread.
class Translator {
 public:
  virtual ~Translator() = default;
  virtual std::vector<Direction> directions() const = 0;
  // Pictures {B, 3, h, w} in [-1, 1] on any device, sides multiples of step(); the results are on the
  // networks'.
  virtual Translation Translate(const Direction& direction, const torch::Tensor& pictures) = 0;
  virtual int64_t step() const = 0;
};

}  // namespace helio::recipes
