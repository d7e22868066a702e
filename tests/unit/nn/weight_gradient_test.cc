#include "src/nn/weight_gradient.h"

#include <gtest/gtest.h>

#include "src/base/precision.h"
#include "src/nn/convolution.h"
#include "tests/unit/nn/product_library.h"

namespace helio::nn {
namespace {

struct Case {
  int64_t rows, in, out, height, width;
  std::vector<int64_t> kernel, stride, padding;
};

const Case kCases[] = {{2, 16, 5, 7, 9, {3, 3}, {1, 1}, {1, 1}},    {3, 17, 4, 8, 8, {4, 4}, {2, 2}, {1, 1}},
                       {1, 16, 2, 6, 11, {2, 5}, {3, 2}, {0, 3}},   {2, 16, 3, 5, 5, {1, 3}, {1, 1}, {0, 4}},
                       {2, 20, 6, 300, 40, {3, 3}, {1, 1}, {1, 1}}, {2, 16, 3, 4, 4, {4, 4}, {4, 4}, {0, 0}}};

torch::Tensor LibraryGradient(const torch::Tensor& output_gradient, const torch::Tensor& input,
                              const Case& of) {
  const auto weight = input.new_zeros({of.out, of.in, of.kernel[0], of.kernel[1]});
  return std::get<1>(at::convolution_backward(output_gradient, input, weight, {}, of.stride, of.padding,
                                              {1, 1}, false, {0, 0}, 1, {false, true, false}));
}

TEST(WeightGradient, IsTheLibrarysForAnyWindow) {
  torch::manual_seed(3);
  for (const auto& of : kCases)
    for (const auto type : {torch::kFloat64, torch::kFloat32}) {
      const auto input = torch::randn({of.rows, of.in, of.height, of.width}, type);
      const auto weight = input.new_zeros({of.out, of.in, of.kernel[0], of.kernel[1]});
      const auto gradient = torch::randn_like(at::conv2d(input, weight, {}, of.stride, of.padding));
      for (const auto& [library, name] : kProductLibraries) {
        const WithProductLibrary chosen(library);
        ExpectNear(WeightGradientByTaps(gradient, input, {of.kernel, of.stride, of.padding}),
                   LibraryGradient(gradient, input, of), type == torch::kFloat64 ? 1e-12 : 1e-4);
      }
    }
}

TEST(WeightGradient, OfNoRowsIsZero) {
  const std::vector<int64_t> three{3, 3}, one{1, 1};
  const auto gradient =
      WeightGradientByTaps(torch::empty({0, 4, 6, 6}), torch::empty({0, 16, 6, 6}), {three, one, one});
  EXPECT_TRUE(gradient.equal(torch::zeros({4, 16, 3, 3})));
}

TEST(WeightGradient, HasTheSameBitsAgain) {
  torch::manual_seed(4);
  const std::vector<int64_t> three{3, 3}, one{1, 1};
  const auto input = torch::randn({4, 32, 64, 64}), gradient = torch::randn({4, 8, 64, 64});
  const Window window{three, one, one};
  for (const auto& [library, name] : kProductLibraries) {
    const WithProductLibrary chosen(library);
    EXPECT_TRUE(
        WeightGradientByTaps(gradient, input, window).equal(WeightGradientByTaps(gradient, input, window)));
  }
}

template <class Layer>
std::vector<torch::Tensor> Run(Layer& layer, const torch::Tensor& input, WeightGradient kind) {
  const auto before = ChosenWeightGradient();
  ChooseWeightGradient(kind);
  const auto learned = Learned(layer, input);
  ChooseWeightGradient(before);
  return learned;
}

template <class Layer>
void ExpectBothWaysAlike(Layer layer, const torch::Tensor& input) {
  const auto taps = Run(layer, input, WeightGradient::kTaps);
  const auto library = Run(layer, input, WeightGradient::kLibrary);
  EXPECT_TRUE(taps[0].equal(library[0]));
  for (size_t i = 1; i < taps.size(); ++i) ExpectNear(taps[i], library[i], 1e-5);
}

TEST(WeightGradient, ByShapeIsForManyWeightsAndFewPositions) {
  const auto before = ChosenWeightGradient();
  ChooseWeightGradient(WeightGradient::kByShape);
  EXPECT_TRUE(IsByTaps(2048 * 1024 * 4 * 4, 8 * 8 * 8));
  EXPECT_FALSE(IsByTaps(2048 * 1024 * 4 * 4, 1024 * 8 * 8));
  EXPECT_FALSE(IsByTaps(64 * 64 * 3 * 3, 8 * 8 * 8));
  ChooseWeightGradient(before);
}

TEST(Convolution, LearnsTheSameEitherWay) {
  torch::manual_seed(5);
  const auto input = torch::randn({3, 16, 10, 12});
  ExpectBothWaysAlike(Conv2d(torch::nn::Conv2dOptions(16, 6, 3).stride(2).padding(1)), input);
  ExpectBothWaysAlike(
      ConvTranspose2d(torch::nn::ConvTranspose2dOptions(16, 20, 3).stride(2).padding(1).output_padding(1)),
      input);
  ExpectBothWaysAlike(ConvTranspose2d(torch::nn::ConvTranspose2dOptions(16, 20, 4)), input);
}

torch::Tensor PenaltysGradient(Conv2d& layer, const torch::Tensor& input, WeightGradient kind) {
  const auto before = ChosenWeightGradient();
  ChooseWeightGradient(kind);
  const auto gradient = PenaltysGradient(layer, input);
  ChooseWeightGradient(before);
  return gradient;
}

TEST(Convolution, IsDifferentiatedTwice) {
  torch::manual_seed(6);
  Conv2d layer(torch::nn::Conv2dOptions(16, 4, 3).padding(1));
  const auto input = torch::randn({2, 16, 6, 6});
  ExpectNear(PenaltysGradient(layer, input, WeightGradient::kTaps),
             PenaltysGradient(layer, input, WeightGradient::kLibrary), 1e-5);
}

// On processors with bfloat16 units the library's own way is wrong here, by more than the result's size.
TEST(Convolution, OfTheWholePictureIsRightInBfloat16) {
  torch::manual_seed(7);
  Conv2d layer(torch::nn::Conv2dOptions(16, 4, 4).stride(4));
  UseChannelsLast(*layer);
  const auto input = torch::randn({3, 16, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast);
  const auto expected = layer->forward(input);
  const ForwardPrecision rounded(Precision::kBfloat16, torch::kCPU);
  ExpectNear(layer->forward(input).to(torch::kFloat32), expected, 0.02);
}

}  // namespace
}  // namespace helio::nn
