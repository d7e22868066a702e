#include "src/nn/instance_norm.h"

#include "tests/unit/nn/product_library.h"

namespace helio::nn {
namespace {

// The result, and the gradient of a weighted sum, by the input.
std::vector<torch::Tensor> Normalised(torch::Tensor input, const torch::Tensor& weights) {
  input = input.detach().requires_grad_();
  const auto output = InstanceNorm()(input);
  (output * weights).sum().backward();
  return {output.detach(), input.grad()};
}

// Float32 maps that are channels-last have loops of their own.
TEST(InstanceNorm, OfChannelsLastMapsIsFloat64s) {
  torch::manual_seed(6);
  for (const auto& [side, mean] : {std::tuple{33, 0.0}, {2, 1.0}, {64, 30.0}}) {
    const auto input =
        (torch::randn({3, 5, side, side}) + mean).contiguous(torch::MemoryFormat::ChannelsLast);
    const auto weights = torch::randn_like(input);
    const auto got = Normalised(input, weights);
    const auto expected = Normalised(input.to(torch::kFloat64), weights.to(torch::kFloat64));
    for (size_t i = 0; i < 2; ++i) ExpectNear(got[i], expected[i], 1e-5);
    EXPECT_TRUE(got[1].is_contiguous(torch::MemoryFormat::ChannelsLast));
  }
}

TEST(InstanceNorm, HasTheSameBitsOnAnyNumberOfThreads) {
  torch::manual_seed(7);
  const auto input = torch::randn({1, 16, 40, 40}).contiguous(torch::MemoryFormat::ChannelsLast);
  const auto weights = torch::randn_like(input);
  const auto threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = Normalised(input, weights);
  at::set_num_threads(3);
  const auto three = Normalised(input, weights);
  at::set_num_threads(threads);
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(alone[i].equal(three[i]));
}

}  // namespace
}  // namespace helio::nn
