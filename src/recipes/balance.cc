#include "src/recipes/balance.h"

namespace helio::recipes {

Balance::Players Balance::Playing() const {
  const auto host = plays_.cpu();
  return {host[0].item<int64_t>() != 0, host[1].item<int64_t>() != 0};
}

void Balance::Update(const torch::Tensor& losses) {
  const torch::NoGradGuard no_grad;
  const auto ratio = losses[0] / losses[1];
  const auto plays = plays_.to(torch::kBool);
  auto discriminator = plays[0], generator = plays[1];
  const auto ahead = ratio.lt(0.1) & discriminator;
  discriminator = discriminator & ~ahead;
  generator = generator | ahead;
  const auto caught_up = ratio.gt(0.5) & ~discriminator;
  discriminator = discriminator | caught_up;
  generator = generator | caught_up;
  const auto behind = ratio.gt(10) & generator;
  plays_.copy_(torch::stack({discriminator | behind, generator & ~behind}));
}

}  // namespace helio::recipes
