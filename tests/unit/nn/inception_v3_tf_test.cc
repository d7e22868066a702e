#include "src/nn/inception_v3_tf.h"

#include <gtest/gtest.h>

#include "src/nn/image_encoder.h"

namespace helio::nn {
namespace {

// That the whole network is TensorFlow's as torch-fidelity has it: tests/e2e/distances/check_folders.py.

TEST(ResizeFromCorner, OutputLooksAtItsShareOfTheInput) {
  const auto row = torch::tensor({0.0, 1.0, 4.0, 9.0}).view({1, 1, 1, 4}).expand({1, 1, 4, 4});
  const auto wide = ResizeFromCorner(row, 8);
  ASSERT_EQ(wide.sizes(), (std::vector<int64_t>{1, 1, 8, 8}));
  const auto expected = torch::tensor({0.0, 0.5, 1.0, 2.5, 4.0, 6.5, 9.0, 9.0});  // the last has no neighbour
  EXPECT_TRUE(torch::allclose(wide[0][0][5], expected));
  EXPECT_TRUE(torch::equal(ResizeFromCorner(row.transpose(2, 3), 8), wide.transpose(2, 3)));
  EXPECT_TRUE(torch::allclose(ResizeFromCorner(row, 2)[0][0][1], torch::tensor({0.0, 4.0})));
  EXPECT_TRUE(torch::equal(ResizeFromCorner(row, 4), row));
}

// pytorch-fid's network is TensorFlow's; what differs is how pictures come to it.
TEST(InceptionV3Fid, SeesPicturesAsPytorchFidShowsThem) {
  const auto pooled = [](const char* name, const torch::Tensor& images) {
    torch::manual_seed(3);
    const auto trunk = MakeImageTrunk(name, "test");
    trunk->eval();
    torch::NoGradGuard no_grad;
    return trunk->forward(images).pooled;
  };
  torch::manual_seed(4);
  const auto picture = torch::rand({1, 3, 60, 50}) * 2 - 1;
  const auto resized = at::upsample_bilinear2d(picture, {299, 299}, /*align_corners=*/false);
  const auto as_shown = (resized + 0.5 / 128) * (128 / 127.5);  // what tf-compat takes off again
  const auto ours = pooled("inception_v3_fid", picture);
  const auto off = [&](const torch::Tensor& other) {
    return ((other - ours).abs().max() / ours.abs().max()).item<double>();
  };
  EXPECT_LT(off(pooled("inception_v3_tf", as_shown)), 1e-4);
  EXPECT_GT(off(pooled("inception_v3_tf", picture)), 3e-3);
  EXPECT_EQ(MakeImageTrunk("inception_v3_fid", "test")->protocol().name, "pytorch-fid");
}

TEST(InceptionV3Tf, JudgesWithoutTheLastBias) {
  torch::manual_seed(2);
  Classifier plain(MakeImageTrunk("inception_v3", "test"), 3),
      tf(MakeImageTrunk("inception_v3_tf", "test"), 3);
  torch::NoGradGuard no_grad;
  const auto pooled = torch::randn({2, 2048}), weight = torch::randn({3, 2048}) / 40,
             bias = torch::tensor({5.0, 0.0, -5.0});
  for (auto* judge : {&plain, &tf}) {
    (*judge)->named_parameters()["fc.weight"].copy_(weight);
    (*judge)->named_parameters()["fc.bias"].copy_(bias);
  }
  const auto logits = pooled.matmul(weight.t());
  EXPECT_TRUE(torch::allclose(tf->Probabilities(pooled), logits.softmax(1), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(plain->Probabilities(pooled), (logits + bias).softmax(1), 1e-5, 1e-6));
}

}  // namespace
}  // namespace helio::nn
