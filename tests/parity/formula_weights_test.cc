// The test vectors of shared/reference/FORMULA.md.
#include "tests/parity/formula_weights.h"

#include <gtest/gtest.h>

namespace helio::parity {
namespace {

struct Vector {
  uint64_t seed;
  const char* model;
  const char* name;
  std::vector<int64_t> shape;
  std::array<float, 3> first;
  double sum;
};

class FormulaWeights : public ::testing::TestWithParam<Vector> {};

TEST_P(FormulaWeights, EqualsItsTestVector) {
  const auto& expected = GetParam();
  auto tensor = torch::full(expected.shape, 7.0f);
  FillByFormula({{expected.name, tensor}}, expected.seed, expected.model);
  const auto flat = tensor.flatten();
  for (size_t i = 0; i < expected.first.size(); ++i)
    EXPECT_FLOAT_EQ(flat[static_cast<int64_t>(i)].item<float>(), expected.first[i]) << i;
  EXPECT_NEAR(flat.to(torch::kFloat64).sum().item<double>(), expected.sum, 1e-6 * std::abs(expected.sum));
}

INSTANTIATE_TEST_SUITE_P(Published, FormulaWeights,
                         ::testing::Values(Vector{1,
                                                  "cnn_encoder",
                                                  "Conv2d_1a_3x3.conv.weight",
                                                  {32, 3, 3, 3},
                                                  {-0.230718285f, -0.319063365f, 0.140352637f},
                                                  5.08110632334},
                                           Vector{1,
                                                  "cnn_encoder",
                                                  "Conv2d_1a_3x3.bn.weight",
                                                  {32},
                                                  {1.05042207f, 0.918313265f, 0.960620463f},
                                                  31.6038230658},
                                           Vector{1,
                                                  "cnn_encoder",
                                                  "Conv2d_1a_3x3.bn.running_var",
                                                  {32},
                                                  {0.861451745f, 1.15285492f, 1.06120622f},
                                                  32.1094998121},
                                           Vector{1,
                                                  "cnn_encoder",
                                                  "emb_cnn_code.weight",
                                                  {16, 2048},
                                                  {-0.0310530122f, -0.0105044292f, 0.0191026963f},
                                                  -1.34939383281},
                                           Vector{7,
                                                  "cnn_encoder",
                                                  "Mixed_6e.branch7x7_2.conv.weight",
                                                  {192, 192, 1, 7},
                                                  {-0.0632246882f, -0.0195494574f, 0.0630163625f},
                                                  1.49527941035},
                                           Vector{7,
                                                  "caption_cnn",
                                                  "resnet.6.35.bn3.weight",
                                                  {1024},
                                                  {0.256727815f, 0.257910848f, 0.268303394f},
                                                  256.301863238},
                                           Vector{7,
                                                  "caption_cnn",
                                                  "resnet.0.weight",
                                                  {64, 3, 7, 7},
                                                  {0.145181462f, -0.0485286415f, 0.0387819782f},
                                                  0.85435534546},
                                           Vector{7,
                                                  "caption_cnn",
                                                  "linear.bias",
                                                  {18},
                                                  {0.0625905469f, 0.0830421522f, -0.0950180143f},
                                                  -0.291672810912}));

TEST(FormulaWeightsTest, CountersAreZeroAndMemoryFormatDoesNotMatter) {
  auto counter = torch::full({}, 5, torch::kInt64);
  auto plain = torch::empty({4, 3, 2, 2});
  auto channels_last = torch::empty({4, 3, 2, 2}).contiguous(torch::MemoryFormat::ChannelsLast);
  FillByFormula({{"bn.num_batches_tracked", counter}, {"conv.weight", plain}}, 3, "model");
  FillByFormula({{"conv.weight", channels_last}}, 3, "model");
  EXPECT_EQ(counter.item<int64_t>(), 0);
  EXPECT_TRUE(torch::equal(plain, channels_last));
}

}  // namespace
}  // namespace helio::parity
