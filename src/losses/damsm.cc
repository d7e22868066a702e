#include "src/losses/damsm.h"

#include "src/base/precision.h"
#include "src/base/to_device.h"

namespace helio::losses {
namespace {

constexpr double kEpsilon = 1e-8;

// Rows and columns of a global similarity matrix {B, B} that already carries gamma3. {2}.
torch::Tensor BothWays(torch::Tensor similarities, const torch::Tensor& classes, const BatchScope& scope) {
  if (classes.defined()) {
    const auto all = GatherRows(scope.batch, classes, scope.rows);
    const auto same =
        all.unsqueeze(0).eq(all.unsqueeze(1)).logical_and(torch::eye(all.size(0), classes.options()).eq(0));
    similarities = similarities.masked_fill(same, -INFINITY);
  }
  const auto labels =
      torch::arange(similarities.size(0), torch::TensorOptions(torch::kInt64).device(similarities.device()));
  return torch::stack(
      {torch::cross_entropy_loss(similarities, labels), torch::cross_entropy_loss(similarities.t(), labels)});
}

}  // namespace

torch::Tensor PaddingOf(const torch::Tensor& lengths, int64_t words, torch::Device device) {
  return ToDevice(torch::arange(words, lengths.options()).unsqueeze(0).ge(lengths.unsqueeze(1)), device);
}

RegionContext AttendRegions(const torch::Tensor& regions, const torch::Tensor& words,
                            const torch::Tensor& padding, double gamma1) {
  const int64_t images = regions.size(0), depth = regions.size(1), captions = words.size(0),
                length = words.size(2), places = regions.size(2) * regions.size(3);
  const auto flat = regions.flatten(2);                                               // {I, D, R}
  const auto queries = words.permute({1, 0, 2}).reshape({depth, captions * length});  // {D, C * words}
  auto scores = torch::matmul(flat.transpose(1, 2), queries).view({images, places, captions, length});
  scores = scores.masked_fill(padding.view({1, 1, captions, length}), -INFINITY).softmax(-1);
  // {I, C, words, R}: now over regions. Padded words have zero scores and so a harmless uniform attention.
  const auto attention = (scores.permute({0, 2, 3, 1}) * gamma1).softmax(-1);
  const auto context =
      torch::bmm(attention.reshape({images, captions * length, places}), flat.transpose(1, 2));
  return {context.view({images, captions, length, depth}), attention};
}

torch::Tensor WordSimilarities(const torch::Tensor& regions, const torch::Tensor& words,
                               const torch::Tensor& padding, const DamsmOptions& options) {
  const auto context = AttendRegions(regions, words, padding, options.gamma1).context;
  const auto queries = words.transpose(1, 2).unsqueeze(0);  // {1, C, words, D}
  const auto norms = (queries.norm(2, -1) * context.norm(2, -1)).clamp_min(kEpsilon);
  const auto cosines = (queries * context).sum(-1) / norms;
  return (cosines * options.gamma2).masked_fill(padding.unsqueeze(0), -INFINITY).logsumexp(-1);
}

torch::Tensor WordsLoss(const torch::Tensor& regions, const torch::Tensor& words,
                        const torch::Tensor& lengths, const torch::Tensor& classes,
                        const DamsmOptions& options, const BatchScope& scope) {
  const auto all_words = GatherRows(scope.batch, words.contiguous(), scope.rows);
  const auto all_lengths = GatherRows(scope.batch, ToDevice(lengths, words.device()), scope.rows);
  const auto padding = PaddingOf(all_lengths, words.size(2));
  const auto own = WordSimilarities(regions, all_words, padding, options) * options.gamma3;
  return BothWays(GatherRows(scope.batch, own, scope.rows), classes, scope);
}

torch::Tensor SentenceLoss(const torch::Tensor& code, const torch::Tensor& sentence,
                           const torch::Tensor& classes, double gamma3, const BatchScope& scope) {
  const auto all = GatherRows(scope.batch, sentence.contiguous(), scope.rows);
  const auto norms = torch::outer(code.norm(2, 1), all.norm(2, 1)).clamp_min(kEpsilon);
  const auto own = torch::matmul(code, all.t()) / norms * gamma3;
  return BothWays(GatherRows(scope.batch, own, scope.rows), classes, scope);
}

LossTerms DamsmLoss(const DamsmPairs& pairs, const DamsmOptions& options, double weight,
                    const BatchScope& scope) {
  const FullPrecision full;
  const auto words_loss =
      WordsLoss(Exact(pairs.regions), Exact(pairs.words), pairs.lengths, pairs.classes, options, scope)
          .sum() *
      weight;
  const auto sentence_loss =
      SentenceLoss(Exact(pairs.code), Exact(pairs.sentence), pairs.classes, options.gamma3, scope).sum() *
      weight;
  return {{"words", words_loss}, {"sentence", sentence_loss}};
}

}  // namespace helio::losses
