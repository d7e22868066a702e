#include "src/nn/text_encoder.h"

#include <gtest/gtest.h>

#include "tests/support/shares.h"

namespace helio::nn {
namespace {

using testing::Difference;

constexpr int64_t kVocabulary = 20, kVector = 6, kTextFeatures = 8, kLongest = 7;

class TextEncoderTest : public ::testing::TestWithParam<TextRnn> {
 protected:
  TextEncoderTest() {
    torch::manual_seed(6);
    encoder_ = TextEncoder(TextEncoderOptions{kVocabulary, kVector, kTextFeatures, GetParam()});
    encoder_->to(torch::kFloat64);
    captions_ = torch::randint(1, kVocabulary, {3, kLongest}, torch::kInt64);
    lengths_ = torch::tensor({2, 5, 4}, torch::kInt64);  // unsorted, all shorter than kLongest
  }

  TextEncoder encoder_{nullptr};
  torch::Tensor captions_, lengths_;
};

TEST_P(TextEncoderTest, BatchedCaptionsEqualLoneOnes) {
  const auto batch = encoder_(captions_, lengths_);
  ASSERT_EQ(batch.words.sizes(), (std::vector<int64_t>{3, kTextFeatures, kLongest}));
  ASSERT_EQ(batch.sentence.sizes(), (std::vector<int64_t>{3, kTextFeatures}));
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t length = lengths_[i].item<int64_t>();
    const auto alone = encoder_(captions_.narrow(0, i, 1).narrow(1, 0, length), lengths_.narrow(0, i, 1));
    EXPECT_LT(Difference(alone.words[0], batch.words[i].narrow(1, 0, length)), 1e-12);
    EXPECT_LT(Difference(alone.sentence[0], batch.sentence[i]), 1e-12);
    EXPECT_EQ(batch.words[i].narrow(1, length, kLongest - length).abs().sum().item<double>(), 0);
  }
}

// The sentence is the last state of each direction: forwards the last word, backwards the first.
TEST_P(TextEncoderTest, SentenceIsTheEndsOfTheWords) {
  const auto features = encoder_(captions_, lengths_);
  const auto half = kTextFeatures / 2;
  for (int64_t i = 0; i < 3; ++i) {
    const auto last = features.words[i].select(1, lengths_[i].item<int64_t>() - 1);
    EXPECT_LT(Difference(features.sentence[i].narrow(0, 0, half), last.narrow(0, 0, half)), 1e-12);
    EXPECT_LT(Difference(features.sentence[i].narrow(0, half, half),
                         features.words[i].select(1, 0).narrow(0, half, half)),
              1e-12);
  }
}

TEST_P(TextEncoderTest, DropoutMaskMultipliesWordVectors) {
  const auto ones = torch::ones({3, kLongest, kVector}, torch::kFloat64);
  const auto plain = encoder_(captions_, lengths_), kept = encoder_(captions_, lengths_, ones);
  EXPECT_LT(Difference(plain.words, kept.words), 1e-15);
  const auto other = torch::randint(1, kVocabulary, {3, kLongest}, torch::kInt64);
  const auto blind = encoder_(captions_, lengths_, ones * 0), blind_too = encoder_(other, lengths_, ones * 0);
  EXPECT_EQ(Difference(blind.words, blind_too.words), 0);
  EXPECT_GT(Difference(blind.words, plain.words), 1e-4);
}

TEST_P(TextEncoderTest, EmbeddingStartsUniform) {
  const auto weight = encoder_->named_parameters()["encoder.weight"];
  EXPECT_LE(weight.abs().max().item<double>(), 0.1);
  EXPECT_GT(weight.abs().max().item<double>(), 0.08);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TextEncoderTest, ::testing::Values(TextRnn::kLstm, TextRnn::kGru));

}  // namespace
}  // namespace helio::nn
