#include "src/nn/product.h"

#include "src/nn/conv_by_product.h"
#include "src/nn/convolution.h"
#include "src/nn/linear.h"
#include "tests/unit/nn/product_library.h"

namespace helio::nn {
namespace {

TEST(Product, IsTorchsForMatricesByRowsAndByColumns) {
  torch::manual_seed(1);
  const torch::NoGradGuard no_grad;
  const WithProductLibrary chosen(ProductLibrary::kOneDnn);
  for (const auto& [rows, between, columns] : {std::tuple{70, 130, 60}, {1, 2000, 300}, {3, 2, 4}}) {
    const auto a = torch::randn({rows, between}), b = torch::randn({between, columns});
    const auto expected = torch::mm(a.to(torch::kFloat64), b.to(torch::kFloat64));
    for (const auto& left : {a, a.t().contiguous().t()})
      for (const auto& right : {b, b.t().contiguous().t()}) {
        ExpectNear(Product(left, right), expected, 1e-5);
        EXPECT_TRUE(Product(left, right).equal(Product(left, right)));
      }
  }
}

TEST(Product, OfFloat64IsExact) {
  const WithProductLibrary chosen(ProductLibrary::kOneDnn);
  const auto a = torch::rand({80, 80}, torch::kFloat64);
  EXPECT_TRUE(Product(a, a).equal(torch::mm(a, a)));
}

template <class Layer>
std::vector<torch::Tensor> Learned(Layer& layer, const torch::Tensor& input, ProductLibrary library) {
  const WithProductLibrary chosen(library);
  return Learned(layer, input);
}

template <class Layer>
void ExpectEitherLibraryAlike(Layer layer, const torch::Tensor& input) {
  const auto by_blas = Learned(layer, input, ProductLibrary::kBlas);
  const auto by_onednn = Learned(layer, input, ProductLibrary::kOneDnn);
  for (size_t i = 0; i < by_blas.size(); ++i) ExpectNear(by_onednn[i], by_blas[i], 1e-4);
}

TEST(Linear, LearnsTheSameWithEitherLibrary) {
  torch::manual_seed(2);
  ExpectEitherLibraryAlike(Linear(200, 90), torch::randn({40, 200}));
  ExpectEitherLibraryAlike(Linear(200, 90), torch::randn({3, 15, 200}));
}

torch::Tensor PenaltysGradient(Linear& layer, const torch::Tensor& input, ProductLibrary library) {
  const WithProductLibrary chosen(library);
  return PenaltysGradient(layer, input);
}

TEST(Linear, IsDifferentiatedTwice) {
  torch::manual_seed(3);
  Linear layer(64, 64);
  const auto input = torch::randn({64, 64});
  ExpectNear(PenaltysGradient(layer, input, ProductLibrary::kOneDnn),
             PenaltysGradient(layer, input, ProductLibrary::kBlas), 1e-4);
}

TEST(ConvByProduct, IsForManyWeightsAndFewPositions) {
  const WithProductLibrary chosen(ProductLibrary::kOneDnn);
  EXPECT_TRUE(IsByProduct(2048 * 1024 * 4 * 4, 8 * 4 * 4));
  EXPECT_FALSE(IsByProduct(2048 * 1024 * 4 * 4, 64 * 4 * 4));
  EXPECT_FALSE(IsByProduct(64 * 64 * 3 * 3, 8 * 4 * 4));
  const WithProductLibrary blas(ProductLibrary::kBlas);
  EXPECT_FALSE(IsByProduct(2048 * 1024 * 4 * 4, 8 * 4 * 4));
}

TEST(ConvByProduct, LearnsAsTheLibrarysConvolutions) {
  torch::manual_seed(4);
  const auto few = torch::randn({3, 256, 5, 6});
  const auto options = torch::nn::Conv2dOptions(256, 512, 3).padding(1);
  ExpectEitherLibraryAlike(Conv2d(options), few);
  ExpectEitherLibraryAlike(Conv2d(torch::nn::Conv2dOptions(256, 260, {4, 5}).stride({2, 3}).padding({1, 2})),
                           few);
  ExpectEitherLibraryAlike(
      ConvTranspose2d(torch::nn::ConvTranspose2dOptions(256, 512, 3).stride(2).padding(1).output_padding(1)),
      few);
  ExpectEitherLibraryAlike(ConvTranspose2d(torch::nn::ConvTranspose2dOptions(256, 300, 4)), few);
}

TEST(ConvByProduct, HasTheSameBitsAgain) {
  torch::manual_seed(5);
  Conv2d layer(torch::nn::Conv2dOptions(256, 512, 3).padding(1));
  const auto input = torch::randn({3, 256, 5, 6});
  const auto first = Learned(layer, input, ProductLibrary::kOneDnn);
  const auto again = Learned(layer, input, ProductLibrary::kOneDnn);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(first[i].equal(again[i]));
}

}  // namespace
}  // namespace helio::nn
