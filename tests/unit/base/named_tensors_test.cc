#include "src/base/named_tensors.h"

#include <gtest/gtest.h>

namespace helio {
namespace {

TEST(WeightsDigest, TellsWeightsApartAndNotTheirMemory) {
  const NamedTensors a = {{"w", torch::ones({2, 3})}};
  EXPECT_EQ(WeightsDigest(a), WeightsDigest({{"w", torch::ones({3, 2}).t()}}));
  EXPECT_NE(WeightsDigest(a), WeightsDigest({{"w", torch::ones({3, 2})}}));
  EXPECT_NE(WeightsDigest(a), WeightsDigest({{"v", torch::ones({2, 3})}}));
  EXPECT_NE(WeightsDigest(a), WeightsDigest({{"w", torch::ones({2, 3}, torch::kFloat64)}}));
}

}  // namespace
}  // namespace helio
