// Parameter names, shapes and order against the published networks' (shared/reference/state_dicts).
#include <gtest/gtest.h>

#include "src/nn/char_cnn_rnn.h"
#include "src/nn/cyclegan.h"
#include "src/nn/discriminator.h"
#include "src/nn/gawwn_critic.h"
#include "src/nn/gawwn_generator.h"
#include "src/nn/gawwn_points.h"
#include "src/nn/generator.h"
#include "src/nn/int_cls.h"
#include "src/nn/ppgn.h"
#include "src/nn/stackgan.h"
#include "src/nn/text_encoder.h"
#include "src/nn/tree.h"

namespace helio::nn {
namespace {

using Shapes = std::vector<std::pair<std::string, std::string>>;  // name, "[2, 3]"

const std::filesystem::path kFolder = "../shared/reference/state_dicts";

std::string ShapeOf(const torch::Tensor& tensor) {
  std::string text = "[";
  for (const auto size : tensor.sizes()) text += (text == "[" ? "" : ", ") + std::to_string(size);
  return text + "]";
}

bool IsBuffer(const std::string& name) {
  return name.ends_with("running_mean") || name.ends_with("running_var") ||
         name.ends_with("num_batches_tracked");
}

std::pair<Shapes, Shapes> Published(const std::string& net) {
  Shapes parameters, buffers;
  std::ifstream file(kFolder / (net + ".txt"));
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, shape;
    if (line.starts_with("#") || !std::getline(fields, name, '\t') || !std::getline(fields, shape, '\t'))
      continue;
    (IsBuffer(name) ? buffers : parameters).emplace_back(name, shape);
  }
  return {parameters, buffers};
}

void ExpectPublished(const torch::nn::Module& module, const std::string& net) {
  if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << kFolder << " is not there";
  const auto [parameters, buffers] = Published(net);
  ASSERT_FALSE(parameters.empty()) << net;
  Shapes own, own_buffers;
  for (const auto& one : module.named_parameters()) own.emplace_back(one.key(), ShapeOf(one.value()));
  for (const auto& one : module.named_buffers()) own_buffers.emplace_back(one.key(), ShapeOf(one.value()));
  EXPECT_EQ(own, parameters) << net;  // order matters: optimizer and EMA states follow it
  EXPECT_EQ(own_buffers, buffers) << net;
}

GeneratorOptions Bird(AttentionKind attention) {
  GeneratorOptions options;
  options.attention = attention;
  return options;
}

TEST(Names, MirrorGanGenerator) {
  ExpectPublished(*Generator(Bird(AttentionKind::kWordsAndGlobal)), "mirrorgan_G_bird");
}

TEST(Names, AttnGanGenerators) {
  ExpectPublished(*Generator(Bird(AttentionKind::kWords)), "attngan_G_bird");
  auto coco = Bird(AttentionKind::kWords);
  coco.gf = 48;
  coco.residual_blocks = 3;
  ExpectPublished(*Generator(coco), "attngan_G_coco");
}

TEST(Names, Discriminators) {
  for (const int64_t side : {64, 128, 256}) {
    const auto number = std::to_string(side);
    const Discriminator bird(DiscriminatorOptions{.df = 64, .embedding = 256, .side = side});
    ExpectPublished(*bird, "attngan_D" + number + "_bird");
    ExpectPublished(*bird, "mirrorgan_D" + number + "_bird");
    if (side == 256) continue;  // the others show the rule; this one has 161 million numbers
    const Discriminator coco(DiscriminatorOptions{.df = 96, .embedding = 256, .side = side});
    ExpectPublished(*coco, "attngan_D" + number + "_coco");
  }
}

TEST(Names, StackGan) {
  ExpectPublished(*StackGanStage1(StackGanOptions{}), "stackgan_stage1_G_coco");
  ExpectPublished(*StackGanStage2(StackGanOptions{}), "stackgan_stage2_G_coco");
  ExpectPublished(*StackGanCritic(StackGanCriticOptions{}), "stackgan_stage1_D_coco");
  // Stage II's has 160 million numbers.
}

TEST(Names, StackGanPp) {
  ExpectPublished(*TreeGenerator(TreeOptions{}), "stackganv2_G_birds");
  ExpectPublished(*TreeGenerator(TreeOptions{.conditional = false}), "stackganv2_G_uncond");
  for (const int64_t side : {64, 128, 256})
    ExpectPublished(*TreeCritic(TreeCriticOptions{.side = side}),
                    "stackganv2_D" + std::to_string(side) + "_birds");
}

TEST(Names, CycleGan) {
  ExpectPublished(*Translator(TranslatorOptions{.residual_blocks = 6}), "cyclegan_G6");
  ExpectPublished(*Translator(TranslatorOptions{.residual_blocks = 9}), "cyclegan_G9");
  ExpectPublished(*PatchCritic(PatchCriticOptions{}), "cyclegan_D70");
}

int64_t SizeOf(const torch::nn::Module& module) {
  int64_t size = 0;
  for (const auto& parameter : module.parameters()) size += parameter.numel();
  return size;
}

// What was published for Torch7 and Caffe has no names; its numbers of parameters (family/ANCESTORS.md,
// section 5) are those of our defaults.
TEST(Sizes, GanIntCls) {
  EXPECT_EQ(SizeOf(*IntClsGenerator(IntClsGeneratorOptions{})), 18'909'699);
  EXPECT_EQ(SizeOf(*IntClsCritic(IntClsCriticOptions{})), 4'032'321);
  EXPECT_EQ(SizeOf(*IntClsGenerator(IntClsGeneratorOptions{.gf = 196})), 41'107'551);
  EXPECT_EQ(SizeOf(*IntClsCritic(IntClsCriticOptions{.df = 196, .variant = IntClsVariant::kCoco})),
            36'190'301);
}

TEST(Sizes, CharCnnRnn) {
  EXPECT_EQ(SizeOf(*CharCnnRnn(CharCnnRnnOptions{})), 4'045'184);
  EXPECT_EQ(SizeOf(*CharCnnRnn(CharCnnRnnOptions{.conv3 = 256, .recurrence = CharRecurrence::kRelu8})),
            1'814'144);
}

TEST(Sizes, Gawwn) {
  EXPECT_EQ(SizeOf(*GawwnBoxGenerator(GawwnGeneratorOptions{})), 73'545'699);
  EXPECT_EQ(SizeOf(*GawwnBoxCritic(GawwnCriticOptions{})), 16'763'137);
  EXPECT_EQ(SizeOf(*GawwnKeypointGenerator(GawwnGeneratorOptions{})), 26'471'043);
  EXPECT_EQ(SizeOf(*GawwnKeypointCritic(GawwnCriticOptions{})), 14'667'905);
  EXPECT_EQ(SizeOf(*GawwnPointsGenerator(GawwnPointsOptions{})), 2'715'949);
  EXPECT_EQ(SizeOf(*GawwnPointsCritic(GawwnPointsOptions{})), 946'177);
}

TEST(Sizes, Ppgn) { EXPECT_EQ(SizeOf(*CodeGenerator(CodeGeneratorOptions{})), 56'097'891); }

TEST(Names, TextEncoder) {
  ExpectPublished(*TextEncoder(TextEncoderOptions{.vocabulary = 5450}), "attngan_rnn_encoder_bird");
}

}  // namespace
}  // namespace helio::nn
