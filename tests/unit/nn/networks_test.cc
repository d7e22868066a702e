#include <gtest/gtest.h>

#include "src/nn/blocks.h"
#include "src/nn/captioner.h"
#include "src/nn/cyclegan.h"
#include "src/nn/discriminator.h"
#include "src/nn/freeze.h"
#include "src/nn/generator.h"
#include "src/nn/init.h"
#include "tests/support/shares.h"

namespace helio::nn {
namespace {

using testing::OnRanks;
using testing::Random64;
using testing::Share;
using testing::Tensors;

GeneratorOptions Toy(int64_t stages, AttentionKind attention) {
  GeneratorOptions options;
  options.gf = 4;
  options.embedding = 8;
  options.condition = 5;
  options.z = 6;
  options.residual_blocks = 1;
  options.stages = stages;
  options.base_side = 16;
  options.attention = attention;
  return options;
}

GeneratorInput Input(const GeneratorOptions& options, int64_t rows, int64_t words = 3) {
  GeneratorInput input;
  input.noise = Random64({rows, options.z});
  input.condition_noise = Random64({rows, options.condition});
  input.sentence = Random64({rows, options.embedding});
  input.words = Random64({rows, options.embedding, words});
  return input;
}

TEST(Glu, IsTorchsWithAGradientInTheInputsMemoryFormat) {
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const auto input = Random64({2, 6, 3, 5}).contiguous(format).requires_grad_();
    const auto output = Glu()(input), expected = torch::glu(input, 1);
    EXPECT_TRUE(output.equal(expected));
    EXPECT_TRUE(output.is_contiguous(format));
    const auto pull = Random64({2, 3, 3, 5});
    const auto gradient_of = [&](const torch::Tensor& sum, bool again) {
      return torch::autograd::grad({sum}, {input}, {pull}, true, again)[0];
    };
    EXPECT_TRUE(gradient_of(output, false).equal(gradient_of(expected, false)));
    EXPECT_TRUE(gradient_of(output, false).is_contiguous(format));
    const auto second_of = [&](const torch::Tensor& sum) {
      return torch::autograd::grad({gradient_of(sum, true).square().sum()}, {input})[0];
    };
    EXPECT_TRUE(second_of(output).equal(second_of(expected)));
  }
}

TEST(Generator, DrawsAPictureAStage) {
  for (const auto kind : {AttentionKind::kWords, AttentionKind::kWordsAndGlobal}) {
    for (const int64_t stages : {1, 2, 3}) {
      const auto options = Toy(stages, kind);
      Generator generator(options);
      generator->to(torch::kFloat64);
      const auto output = generator->forward(Input(options, 2));
      ASSERT_EQ(output.images.size(), static_cast<size_t>(stages));
      ASSERT_EQ(output.attention.size(), static_cast<size_t>(stages - 1));
      for (int64_t i = 0; i < stages; ++i)
        EXPECT_EQ(output.images[static_cast<size_t>(i)].sizes(),
                  (std::vector<int64_t>{2, 3, 16 << i, 16 << i}));
      for (int64_t i = 1; i < stages; ++i)
        EXPECT_EQ(output.attention[static_cast<size_t>(i - 1)].sizes(),
                  (std::vector<int64_t>{2, 3, 8 << i, 8 << i}));
      EXPECT_LE(output.images.back().abs().max().item<double>(), 1);
    }
  }
}

// A ramp stays a ramp where values are interpolated, and becomes steps where they are repeated.
TEST(DoubleSize, RepeatsOrInterpolates) {
  const auto ramp = torch::tensor({0.0, 4.0, 8.0}).view({1, 1, 1, 3}).expand({1, 1, 2, 3});
  const auto row = [&](Upsampling how) { return DoubleSize(how)->forward(ramp)[0][0][3]; };
  EXPECT_TRUE(row(Upsampling::kNearest).equal(torch::tensor({0.0, 0.0, 4.0, 4.0, 8.0, 8.0})));
  EXPECT_TRUE(row(Upsampling::kBilinear).equal(torch::tensor({0.0, 1.0, 3.0, 5.0, 7.0, 8.0})));
}

// The first stage doubles twice here, the others once each.
// What a GPU computes is what torch's operator computes, also where the borders come from the same pixels.
TEST(ReflectionPad, IsTorchsForwardAndBackward) {
  for (const auto& [width, side] : {std::pair<int64_t, int64_t>{1, 2}, {1, 8}, {3, 4}, {3, 5}, {3, 16}}) {
    const auto maps = Random64({2, 3, side, side + 1}).requires_grad_();
    const auto ours = ReflectionPadded(maps, width);
    const auto theirs = torch::reflection_pad2d(maps, {width, width, width, width});
    EXPECT_TRUE(ours.equal(theirs)) << width << " of " << side;
    const auto pull = Random64(theirs.sizes());
    const auto gradient = [&](const torch::Tensor& of) {
      return torch::autograd::grad({of}, {maps}, {pull})[0];
    };
    EXPECT_TRUE(torch::allclose(gradient(ours), gradient(theirs), 1e-12, 1e-12)) << width << " of " << side;
  }
}

TEST(Generator, UpsamplesAsItIsTold) {
  const auto edge = torch::tensor({0.0, 1.0}).view({1, 1, 1, 2});
  for (const auto how : {Upsampling::kNearest, Upsampling::kBilinear}) {
    auto options = Toy(3, AttentionKind::kWords);
    options.upsampling = how;
    int64_t doublings = 0;
    for (const auto& module : Generator(options)->modules())
      if (auto* doubling = module->as<DoubleSizeImpl>()) {
        EXPECT_TRUE(doubling->forward(edge).equal(DoubleSize(how)->forward(edge)));
        ++doublings;
      }
    EXPECT_EQ(doublings, 4);
  }
}

TEST(Generator, DrawsOtherPicturesWithOtherDoublings) {
  for (const int64_t stages : {1, 2}) {
    auto options = Toy(stages, AttentionKind::kWords);
    Generator nearest(options);
    options.upsampling = Upsampling::kBilinear;
    Generator bilinear(options);
    const torch::NoGradGuard no_grad;
    for (auto& parameter : bilinear->named_parameters())
      parameter.value().copy_(nearest->named_parameters()[parameter.key()]);
    for (auto* generator : {&nearest, &bilinear}) (*generator)->to(torch::kFloat64);
    const auto input = Input(options, 2);
    EXPECT_FALSE(nearest->forward(input).images.back().allclose(bilinear->forward(input).images.back()));
  }
}

TEST(Generator, DcganDrawsTheLastPictureOnly) {
  auto options = Toy(2, AttentionKind::kWords);
  options.only_last_image = true;
  Generator generator(options);
  generator->to(torch::kFloat64);
  const auto output = generator->forward(Input(options, 2));
  ASSERT_EQ(output.images.size(), 1u);
  EXPECT_EQ(output.images[0].size(2), 32);
  EXPECT_TRUE(generator->named_parameters().contains("img_net.img.0.weight"));
  EXPECT_EQ(output.attention.size(), 1u);
}

// A whole generator on 2 and 3 ranks, one of them without a row, draws and learns what it does alone.
TEST(Generator, RanksEqualOne) {
  const auto options = Toy(2, AttentionKind::kWordsAndGlobal);
  torch::manual_seed(7);
  for (const auto& [ranks, rows] : {std::pair<int, int64_t>{2, 5}, {3, 2}}) {
    const auto input = Input(options, rows);
    const auto cotangent = Random64({rows, 3, 32, 32});
    const auto pass = [&](Share& share) -> Tensors {
      Generator generator(options);
      generator->to(torch::kFloat64);
      InitializeOrthogonal(*generator, 1);
      UseGlobalBatch(*generator, &share.batch);
      const auto output = generator->forward({share.Own(input.noise),
                                              share.Own(input.condition_noise),
                                              share.Own(input.sentence),
                                              share.Own(input.words),
                                              {}});
      (output.images.back() * share.Own(cotangent).detach()).sum().backward();
      Tensors results{output.images.back().detach()};
      for (const auto& parameter : generator->parameters())
        if (parameter.grad().defined()) results.push_back(parameter.grad());
      return results;
    };
    const auto whole = OnRanks(1, rows, pass)[0];
    const auto shares = OnRanks(ranks, rows, pass);
    EXPECT_LT(testing::Difference(testing::Joined(shares, 0), whole[0]), 1e-9);
    for (size_t i = 1; i < whole.size(); ++i)
      EXPECT_LT(testing::Difference(testing::Averaged(shares, i) * ranks, whole[i]),
                1e-9 * (1 + whole[i].abs().max().item<double>()))
          << "gradient " << i;
  }
}

TEST(Discriminator, EndsAtFourByFour) {
  for (const int64_t side : {8, 16, 32, 64, 128, 256}) {
    Discriminator net(DiscriminatorOptions{.df = 2, .embedding = 5, .side = side});
    const auto features = net->forward(torch::randn({2, 3, side, side}));
    EXPECT_EQ(features.sizes(), (std::vector<int64_t>{2, 16, 4, 4})) << side;
    EXPECT_EQ(net->Conditional(features, torch::randn({2, 5})).sizes(), (std::vector<int64_t>{2}));
    EXPECT_EQ(net->Unconditional(features).sizes(), (std::vector<int64_t>{2}));
  }
}

TEST(Discriminator, UnconditionalHeadIsOptional) {
  Discriminator net(DiscriminatorOptions{.df = 2, .embedding = 5, .side = 64, .unconditional = false});
  EXPECT_FALSE(net->has_unconditional());
  EXPECT_FALSE(net->named_parameters().contains("UNCOND_DNET.outlogits.0.weight"));
  EXPECT_TRUE(net->named_parameters().contains("COND_DNET.jointConv.0.weight"));
}

TEST(Discriminator, SentenceMatters) {
  Discriminator net(DiscriminatorOptions{.df = 2, .embedding = 5, .side = 16});
  const auto features = net->forward(torch::randn({2, 3, 16, 16}));
  const auto a = net->Conditional(features, torch::randn({2, 5})),
             b = net->Conditional(features, torch::randn({2, 5}));
  EXPECT_GT(testing::Difference(a, b), 1e-6);
}

// What a discriminator gives for three batches, its gradients and running statistics.
std::vector<torch::Tensor> JudgeBatches(bool together) {
  torch::manual_seed(3);
  Discriminator net(DiscriminatorOptions{.df = 2, .embedding = 5, .side = 128});
  net->to(torch::kFloat64);
  const auto draw = [](at::IntArrayRef shape) { return torch::randn(shape, torch::kFloat64); };
  const auto a = draw({4, 3, 128, 128}), b = draw({3, 3, 128, 128});
  const auto s = draw({4, 5}), t = draw({3, 5});
  const auto features =
      together ? net->Features({a, b}) : std::vector<torch::Tensor>{net->forward(a), net->forward(b)};
  const auto wrong = features[0].narrow(0, 0, 2), next = s.narrow(0, 1, 2);
  auto logits =
      together ? net->Conditional({{features[0], s}, {features[1], t}, {wrong, next}})
               : std::vector<torch::Tensor>{net->Conditional(features[0], s),
                                            net->Conditional(features[1], t), net->Conditional(wrong, next)};
  (torch::cat(logits).square().sum() + net->Unconditional(features[1]).sum()).backward();
  for (const auto& parameter : net->parameters()) logits.push_back(parameter.grad());
  for (const auto& buffer : net->buffers()) logits.push_back(buffer.to(torch::kFloat64));
  return logits;
}

TEST(Discriminator, BatchesAreTogetherWhatTheyAreAlone) {
  const auto together = JudgeBatches(true), apart = JudgeBatches(false);
  ASSERT_EQ(together.size(), apart.size());
  for (size_t i = 0; i < apart.size(); ++i)
    EXPECT_LT(testing::Difference(together[i], apart[i]), 1e-11 * (1 + apart[i].abs().max().item<double>()))
        << i;
}

TEST(Init, WeightsAreOrthogonalAndNormsNearOne) {
  Discriminator net(DiscriminatorOptions{.df = 8, .embedding = 5, .side = 64});
  InitializeOrthogonal(*net, 3);
  const auto weight = net->named_parameters()["img_code_s16.5.weight"].flatten(1);  // {32, 256}
  EXPECT_LT(testing::Difference(torch::matmul(weight, weight.t()), torch::eye(weight.size(0))), 1e-5);
  const auto norm = net->named_parameters()["img_code_s16.9.weight"];
  EXPECT_NEAR(norm.mean().item<double>(), 1, 0.02);
  EXPECT_NEAR(norm.std().item<double>(), 0.02, 0.008);
}

TEST(Init, IsAFunctionOfTheSeedAndOfNothingElse) {
  const auto options = Toy(2, AttentionKind::kWordsAndGlobal);
  const auto drawn = [&](uint64_t seed) {
    Generator generator(options);
    Discriminator critic(DiscriminatorOptions{.df = 2, .embedding = 5, .side = 16});
    InitializeOrthogonal(*generator, seed);
    InitializeOrthogonal(*critic, seed);
    auto parameters = generator->parameters();
    for (const auto& parameter : critic->parameters()) parameters.push_back(parameter);
    for (auto& parameter : parameters) parameter = parameter.detach().flatten();
    return torch::cat(parameters);
  };
  const auto first = drawn(3);
  torch::rand({5});
  EXPECT_TRUE(torch::equal(first, drawn(3)));
  EXPECT_FALSE(torch::equal(first, drawn(4)));
}

TEST(Init, LeavesTheGlobalGeneratorAlone) {
  const auto options = Toy(1, AttentionKind::kWords);
  Generator generator(options);
  torch::manual_seed(9);
  const auto expected = torch::rand({4});
  torch::manual_seed(9);
  InitializeOrthogonal(*generator, 3);
  EXPECT_TRUE(torch::equal(torch::rand({4}), expected));
}

TEST(Freeze, GradientsPassThroughAFrozenNetwork) {
  Discriminator net(DiscriminatorOptions{.df = 2, .embedding = 5, .side = 16});
  Freeze(*net);
  const auto image = torch::randn({2, 3, 16, 16}).requires_grad_();
  net->Unconditional(net->forward(image)).sum().backward();
  EXPECT_GT(image.grad().abs().sum().item<double>(), 0);
  for (const auto& parameter : net->parameters()) EXPECT_FALSE(parameter.grad().defined());
}

// cuDNN refuses to differentiate through a recurrent layer in evaluation mode.
TEST(Freeze, RecurrentLayersStayInTrainingMode) {
  CaptionDecoder decoder(4, 5, 6);
  Freeze(*decoder);
  EXPECT_FALSE(decoder->is_training());
  for (const auto& layer : decoder->modules(/*include_self=*/false))
    EXPECT_EQ(layer->is_training(), layer->as<torch::nn::LSTM>() != nullptr);
}

TEST(ScopedMode, LeavesEveryLayerAsItFoundIt) {
  Discriminator net(DiscriminatorOptions{.df = 2, .embedding = 5, .side = 16});
  net->modules(/*include_self=*/false).back()->eval();
  std::vector<bool> before, after;
  for (const auto& layer : net->modules()) before.push_back(layer->is_training());
  {
    const ScopedMode evaluation(*net, /*training=*/false);
    for (const auto& layer : net->modules()) EXPECT_FALSE(layer->is_training());
  }
  for (const auto& layer : net->modules()) after.push_back(layer->is_training());
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace helio::nn
