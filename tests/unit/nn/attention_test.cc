#include "src/nn/attention.h"

#include <gtest/gtest.h>

#include "tests/support/shares.h"

namespace helio::nn {
namespace {

using testing::Difference;
using testing::Random64;

constexpr int64_t kRows = 3, kFeatures = 4, kEmbedding = 6, kWords = 5, kSide = 3, kCondition = 7;
const std::vector<int64_t> kLengths = {5, 3, 2};

torch::Tensor Padding() {
  auto padding = torch::zeros({kRows, kWords}, torch::kBool);
  for (int64_t i = 0; i < kRows; ++i)
    padding[i]
        .narrow(0, kLengths[static_cast<size_t>(i)], kWords - kLengths[static_cast<size_t>(i)])
        .fill_(true);
  return padding;
}

WordMask Corrected() {
  WordMask mask;
  mask.padding = Padding();
  return mask;
}

WordMask Released(const RowRange& rows = {0, kRows, kRows}) {
  WordMask mask;
  mask.tiled = Padding();
  mask.rows = rows;
  return mask;
}

class AttentionTest : public ::testing::Test {
 protected:
  AttentionTest() {
    torch::manual_seed(5);
    words_ = WordAttention(kFeatures, kEmbedding);
    words_->to(torch::kFloat64);
    input_ = Random64({kRows, kFeatures, kSide, kSide});
    context_ = Random64({kRows, kEmbedding, kWords});
  }

  WordAttention words_{nullptr};
  torch::Tensor input_, context_;
};

TEST_F(AttentionTest, IsADistributionOverTheCaptionsOwnWords) {
  const auto result = words_(input_, context_, Corrected());
  EXPECT_EQ(result.context.sizes(), input_.sizes());
  EXPECT_EQ(result.attention.sizes(), (std::vector<int64_t>{kRows, kWords, kSide, kSide}));
  EXPECT_LT(Difference(result.attention.sum(1), torch::ones({kRows, kSide, kSide}, torch::kFloat64)), 1e-12);
  EXPECT_EQ(result.attention[1].narrow(0, 3, 2).abs().sum().item<double>(), 0);
}

// A sample's result does not depend on its batch: that is what the correction is for.
TEST_F(AttentionTest, CorrectedSamplesAreIndependent) {
  const auto together = words_(input_, context_, Corrected());
  for (int64_t i = 0; i < kRows; ++i) {
    const auto length = kLengths[static_cast<size_t>(i)];
    const auto alone =
        words_(input_.narrow(0, i, 1), context_.narrow(0, i, 1).narrow(2, 0, length), WordMask{});
    EXPECT_LT(Difference(alone.context[0], together.context[i]), 1e-12);
  }
}

// FIXTURES.md, quirk 1, word by word: flattened row r of {batch * positions, words} is masked with caption
// r % batch.
TEST_F(AttentionTest, ReleasedMaskIsTiledByTheWholeBatch) {
  const auto attention =
      words_(input_, context_, Released()).attention.permute({0, 2, 3, 1}).reshape({-1, kWords});
  const auto padding = Padding();
  for (int64_t r = 0; r < attention.size(0); ++r)
    for (int64_t word = 0; word < kWords; ++word)
      EXPECT_EQ(attention[r][word].item<double>() == 0, padding[r % kRows][word].item<bool>())
          << r << " " << word;
}

TEST_F(AttentionTest, ReleasedMaskOfASplitBatchIsTheWholeOnes) {
  const auto whole = words_(input_, context_, Released()).context;
  for (const auto& rows : {RowRange{0, 1, 3}, RowRange{1, 2, 3}}) {
    const auto part = words_(input_.narrow(0, rows.first, rows.local),
                             context_.narrow(0, rows.first, rows.local), Released(rows));
    EXPECT_LT(Difference(part.context, whole.narrow(0, rows.first, rows.local)), 1e-12);
  }
}

TEST_F(AttentionTest, MemoryFormatDoesNotMatter) {
  const auto plain = words_(input_, context_, Corrected());
  const auto last = words_(input_.contiguous(torch::MemoryFormat::ChannelsLast), context_, Corrected());
  EXPECT_LT(Difference(plain.context, last.context), 1e-12);
}

TEST_F(AttentionTest, AcceptsNoRows) {
  WordMask mask;
  mask.padding = Padding().narrow(0, 0, 0);
  const auto result = words_(input_.narrow(0, 0, 0), context_.narrow(0, 0, 0), mask);
  EXPECT_EQ(result.attention.sizes(), (std::vector<int64_t>{0, kWords, kSide, kSide}));
}

TEST_F(AttentionTest, SentenceAttentionIsADistributionOverChannels) {
  GlobalLocalAttention both(kFeatures, kEmbedding, kCondition);
  both->to(torch::kFloat64);
  const auto condition = Random64({kRows, kCondition});
  const auto result = both(input_, condition, context_, Corrected());
  EXPECT_LT(Difference(result.sentence_attention.sum(1), torch::ones({kRows, kSide, kSide}, torch::kFloat64)),
            1e-12);
  // sentence = linear(condition) * attention
  const auto named = both->named_parameters();
  const auto code = torch::addmm(named["linear.bias"], condition, named["linear.weight"].t());
  EXPECT_LT(Difference(result.sentence, result.sentence_attention * code.unsqueeze(-1).unsqueeze(-1)), 1e-12);
}

}  // namespace
}  // namespace helio::nn
