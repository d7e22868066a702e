#pragma once
#include "src/base/named_tensors.h"

namespace helio::recipes {

// Which of a GAN's two players train in the next step, so that neither leaves the other behind (Dosovitskiy
// and Brox, NIPS 2016, as later programs do it). Its tensors are a memory part: the same on all ranks as long
// as all give it the losses of the whole batch. Not thread-safe.
class Balance {
 public:
  Balance() : plays_(torch::ones({2}, torch::kInt64)) {}

  struct Players {
    bool discriminator = true, generator = true;
  };
  Players Playing() const;  // reads the device
  // `losses` {2}: the discriminator's, on real and drawn pictures together, and the generator's, of fooling
  // it. Where their ratio is below 0.1 only the generator trains on; above 0.5 both do again; above 10 only
  // the discriminator does. NaN changes nothing. Does not wait for the device.
  void Update(const torch::Tensor& losses);

  NamedTensors State(const std::string& prefix) const { return {{prefix + "plays", plays_}}; }

 private:
  torch::Tensor plays_;  // {2} int64: discriminator, generator
};

}  // namespace helio::recipes
