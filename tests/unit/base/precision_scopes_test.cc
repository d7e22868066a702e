#include <gtest/gtest.h>

#include "src/base/precision.h"
// clang-format off
#include <ATen/Context.h>
// clang-format on

namespace helio {
namespace {

torch::Tensor Weight() { return torch::full({2, 2}, 1.0f).requires_grad_(); }

TEST(ForwardPrecisionTest, OnlyBfloat16ChangesProductsAndOnlyWhileItLives) {
  const auto weight = Weight();
  const auto type = [&] { return torch::matmul(weight, weight).scalar_type(); };
  for (const auto precision : {Precision::kFloat32, Precision::kTf32}) {
    const ForwardPrecision forward(precision, torch::kCPU);
    EXPECT_EQ(type(), torch::kFloat32);
  }
  {
    const ForwardPrecision forward(Precision::kBfloat16, torch::kCPU);
    EXPECT_EQ(type(), torch::kBFloat16);
    {
      const FullPrecision full;
      EXPECT_EQ(type(), torch::kFloat32);
    }
    EXPECT_EQ(type(), torch::kBFloat16);
  }
  const FullPrecision full;  // outside, too
  EXPECT_EQ(type(), torch::kFloat32);
}

// An optimizer writes weights behind autograd's back.
TEST(ForwardPrecisionTest, SeesWeightsThatWereWrittenInPlace) {
  const auto weight = Weight();
  const auto product = [&] {
    const ForwardPrecision forward(Precision::kBfloat16, torch::kCPU);
    return torch::matmul(weight, weight)[0][0].item<float>();
  };
  EXPECT_EQ(product(), 2);
  weight.data().fill_(3);
  EXPECT_EQ(product(), 18);
}

TEST(ForwardPrecisionTest, GradientsAreFloat32) {
  const auto weight = Weight();
  torch::Tensor loss;
  {
    const ForwardPrecision forward(Precision::kBfloat16, torch::kCPU);
    loss = Exact(torch::matmul(weight, weight)).sum();
  }
  EXPECT_EQ(loss.scalar_type(), torch::kFloat32);
  loss.backward();
  EXPECT_EQ(weight.grad().scalar_type(), torch::kFloat32);
  EXPECT_EQ(weight.grad()[0][0].item<float>(), 4);
}

TEST(ExactTest, LeavesOtherTypesAsTheyAre) {
  const auto full = torch::ones({2}, torch::kFloat64);
  EXPECT_TRUE(Exact(full).is_same(full));
  EXPECT_FALSE(Exact(torch::Tensor()).defined());
}

// torch's own default for cuDNN is TF32.
TEST(CudaProducts, AreTf32OnlyWhenAsked) {
  const auto allowed = [] {
    return at::globalContext().allowTF32CuBLAS() || at::globalContext().allowTF32CuDNN();
  };
  UseCudaProducts(Precision::kFloat32);
  EXPECT_FALSE(allowed());
  UseCudaProducts(Precision::kTf32);
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS() && at::globalContext().allowTF32CuDNN());
  UseCudaProducts(Precision::kBfloat16);
  EXPECT_FALSE(allowed());
}

}  // namespace
}  // namespace helio
