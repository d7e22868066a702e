#include "src/recipes/balance.h"

namespace helio::recipes {

Balance::Players Balance::Playing() const {
  const auto host = plays_.cpu();
  return {host[0].item<int64_t>() != 0, host[1].item<int64_t>() != 0};
}

void Balance::Update(double discriminator, double generator) {
  auto players = Playing();
  const double ratio = discriminator / generator;
  if (ratio < 0.1 && players.discriminator) players = {false, true};
  if (ratio > 0.5 && !players.discriminator) players = {true, true};
  if (ratio > 10 && players.generator) players = {true, false};
  plays_.copy_(torch::tensor({int64_t{players.discriminator}, int64_t{players.generator}}, torch::kInt64));
}

}  // namespace helio::recipes
