#pragma once
#include <string>

#include "src/recipes/drawer.h"

namespace helio::recipes {

// Makes up the key points that a prompt does not give, for helio-generate: no gradient, networks in
// evaluation mode and afterwards in the mode they were found in. Local. One thread.
class PointCompleter {
 public:
  virtual ~PointCompleter() = default;
  // The prompt's key points {B, P, 3} with a third entry of 1 are given; {B, P, 3} on the networks' device:
  // those as they are, the others x, y, and 1 where the point is visible, else zeros. Noise is a function of
  // (seed, row).
  virtual torch::Tensor Complete(const Prompt& prompt, uint64_t seed, const RowRange& rows) = 0;
  // The part that it works with.
  virtual std::string part() const = 0;
};

}  // namespace helio::recipes
