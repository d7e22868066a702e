#include "src/losses/damsm.h"

#include <gtest/gtest.h>

#include "src/losses/caption.h"
#include "tests/support/shares.h"

namespace helio::losses {
namespace {

using testing::Difference;
using testing::OnRanks;
using testing::Random64;
using testing::Share;
using testing::Tensors;

constexpr int64_t kPairs = 5, kDepth = 4, kWords = 6, kRegionSide = 3;
const DamsmOptions kGammas{3, 4, 7};

struct DamsmData {
  torch::Tensor regions, code, words, sentence, lengths, classes;
};

DamsmData Draw() {
  torch::manual_seed(8);
  return {Random64({kPairs, kDepth, kRegionSide, kRegionSide}),
          Random64({kPairs, kDepth}),
          Random64({kPairs, kDepth, kWords}),
          Random64({kPairs, kDepth}),
          torch::tensor({6, 5, 3, 3, 1}, torch::kInt64),
          torch::tensor({7, 9, 7, 2, 9}, torch::kInt64)};
}

// AttnGAN eq. 7-10 (without 1/gamma2) for one image {D, R} and one caption {D, T}, in the paper's order.
torch::Tensor Match(const torch::Tensor& regions, const torch::Tensor& words) {
  const auto similarity = torch::matmul(words.t(), regions);            // {T, R}
  const auto over_words = similarity.softmax(0);                        // eq. 8
  const auto weights = (over_words * kGammas.gamma1).softmax(1);        // eq. 9
  const auto context = torch::matmul(weights, regions.t());             // {T, D}
  const auto cosine = torch::cosine_similarity(context, words.t(), 1);  // {T}
  return (cosine * kGammas.gamma2).logsumexp(0);
}

// Row and column cross-entropy in which off-diagonal pairs of one class do not count.
Tensors Contrast(const torch::Tensor& scores, const torch::Tensor& classes) {
  auto rows = torch::zeros({}, torch::kFloat64), columns = torch::zeros({}, torch::kFloat64);
  for (int64_t i = 0; i < scores.size(0); ++i) {
    Tensors row, column;
    for (int64_t j = 0; j < scores.size(0); ++j) {
      if (i != j && classes.defined() && classes[i].equal(classes[j])) continue;
      row.push_back(scores[i][j]);
      column.push_back(scores[j][i]);
    }
    rows = rows + (torch::stack(row).logsumexp(0) - scores[i][i]) / scores.size(0);
    columns = columns + (torch::stack(column).logsumexp(0) - scores[i][i]) / scores.size(0);
  }
  return {rows, columns};
}

Tensors LoopedWordsLoss(const DamsmData& data, bool masked) {
  Tensors rows;
  for (int64_t image = 0; image < kPairs; ++image) {
    Tensors row;
    for (int64_t caption = 0; caption < kPairs; ++caption) {
      const auto words = data.words[caption].narrow(1, 0, data.lengths[caption].item<int64_t>());
      row.push_back(Match(data.regions[image].flatten(1), words) * kGammas.gamma3);
    }
    rows.push_back(torch::stack(row));
  }
  return Contrast(torch::stack(rows), masked ? data.classes : torch::Tensor());
}

class DamsmTest : public ::testing::TestWithParam<bool> {
 protected:
  torch::Tensor Classes() const { return GetParam() ? data_.classes : torch::Tensor(); }

  DamsmData data_ = Draw();
  SoloBatch solo_;
  BatchScope scope_{solo_, {0, kPairs, kPairs}};
};

TEST_P(DamsmTest, WordsLossEqualsTheLoopOverCaptions) {
  const auto batched = WordsLoss(data_.regions, data_.words, data_.lengths, Classes(), kGammas, scope_);
  const auto looped = LoopedWordsLoss(data_, GetParam());
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_NEAR(batched[i].item<double>(), looped[static_cast<size_t>(i)].item<double>(), 1e-10) << i;
}

TEST_P(DamsmTest, SentenceLossIsTheContrastOfCosines) {
  const auto loss = SentenceLoss(data_.code, data_.sentence, Classes(), kGammas.gamma3, scope_);
  const auto unit = [](const torch::Tensor& x) { return x / x.norm(2, 1, true); };
  const auto scores = torch::matmul(unit(data_.code), unit(data_.sentence).t()) * kGammas.gamma3;
  const auto expected = Contrast(scores, Classes());
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_NEAR(loss[i].item<double>(), expected[static_cast<size_t>(i)].item<double>(), 1e-10) << i;
}

TEST_P(DamsmTest, GradientsEqualCentralDifferences) {
  const auto loss = [&](const Tensors& x) {
    return WordsLoss(x[0], x[1], data_.lengths, Classes(), kGammas, scope_).sum() +
           SentenceLoss(x[2], x[3], Classes(), kGammas.gamma3, scope_).sum();
  };
  const Tensors leaves{data_.regions.requires_grad_(), data_.words.requires_grad_(),
                       data_.code.requires_grad_(), data_.sentence.requires_grad_()};
  EXPECT_LT(testing::GradientError(loss, leaves), 1e-7);
}

// Negatives come from every rank; gradients reach the rows of every rank.
TEST_P(DamsmTest, RanksEqualOne) {
  const auto pass = [&](Share& share) -> Tensors {
    const auto regions = share.Own(data_.regions), code = share.Own(data_.code),
               words = share.Own(data_.words), sentence = share.Own(data_.sentence);
    const auto classes = GetParam() ? share.Own(data_.classes) : torch::Tensor();
    const auto terms = DamsmLoss({regions, code, words, sentence, share.Own(data_.lengths), classes}, kGammas,
                                 5, {share.batch, share.rows});
    (terms[0].value + terms[1].value).backward();
    return {terms[0].value.detach(), terms[1].value.detach(), regions.grad(), words.grad(), code.grad(),
            sentence.grad()};
  };
  const auto whole = OnRanks(1, kPairs, pass)[0];
  for (const int ranks : {2, 3}) {
    const auto shares = OnRanks(ranks, kPairs, pass);
    for (size_t i : {0, 1}) EXPECT_LT(Difference(testing::Averaged(shares, i), whole[i]), 1e-10) << i;
    for (size_t i : {2, 3, 4, 5})
      EXPECT_LT(Difference(testing::Joined(shares, i) / ranks, whole[i]), 1e-10) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, DamsmTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "class_masks" : "no_masks"; });

// What stands beyond a caption's end must not matter.
TEST(Damsm, PaddedWordsDoNotMatter) {
  const auto data = Draw();
  SoloBatch solo;
  const auto other = data.words.masked_fill(PaddingOf(data.lengths, kWords).unsqueeze(1), 3.5);
  const BatchScope scope{solo, {0, kPairs, kPairs}};
  const auto a = WordsLoss(data.regions, data.words, data.lengths, {}, kGammas, scope);
  const auto b = WordsLoss(data.regions, other, data.lengths, {}, kGammas, scope);
  EXPECT_LT(Difference(a, b), 1e-12);
}

// A caption's padding in a text encoder's output is all zero: no gradient may become NaN there.
TEST(Damsm, ZeroPaddingHasFiniteGradients) {
  const auto data = Draw();
  SoloBatch solo;
  const auto words = data.words.masked_fill(PaddingOf(data.lengths, kWords).unsqueeze(1), 0).requires_grad_();
  WordsLoss(data.regions, words, data.lengths, data.classes, kGammas, {solo, {0, kPairs, kPairs}})
      .sum()
      .backward();
  EXPECT_TRUE(words.grad().isfinite().all().item<bool>());
}

class CaptionLossTest : public ::testing::Test {
 protected:
  static constexpr int64_t kVocabulary = 9;
  torch::Tensor logits_ = Random64({kPairs, kWords, kVocabulary});
  torch::Tensor captions_ = torch::randint(1, kVocabulary, {kPairs, kWords}, torch::kInt64);
  torch::Tensor lengths_ = torch::tensor({6, 5, 3, 3, 1}, torch::kInt64);
};

TEST_F(CaptionLossTest, IsTheMeanOverWords) {
  const auto log = logits_.log_softmax(2);
  double sum = 0;
  for (int64_t i = 0; i < kPairs; ++i)
    for (int64_t t = 0; t < lengths_[i].item<int64_t>(); ++t)
      sum -= log[i][t][captions_[i][t].item<int64_t>()].item<double>();
  SoloBatch solo;
  const auto loss = CaptionLoss(logits_, captions_, lengths_, {solo, {0, kPairs, kPairs}});
  EXPECT_NEAR(loss.item<double>(), sum / 18, 1e-12);
}

TEST_F(CaptionLossTest, RanksEqualOne) {
  const auto pass = [&](Share& share) -> Tensors {
    const auto logits = share.Own(logits_);
    const auto loss =
        CaptionLoss(logits, share.Own(captions_), share.Own(lengths_), {share.batch, share.rows});
    loss.backward();
    return {loss.detach(), logits.grad()};
  };
  const auto whole = OnRanks(1, kPairs, pass)[0];
  const auto shares = OnRanks(3, kPairs, pass);
  EXPECT_LT(Difference(testing::Averaged(shares, 0), whole[0]), 1e-12);
  EXPECT_LT(Difference(testing::Joined(shares, 1) / 3, whole[1]), 1e-12);
}

}  // namespace
}  // namespace helio::losses
