#include "src/losses/adversarial.h"

#include "src/base/precision.h"

namespace helio::losses {
namespace {

// Binary cross-entropy of each row, with the published numerics: sigmoid first, logarithms clamped at -100.
// NaN stays NaN, so that the step can be skipped: torch's own kernel fails on it, on a GPU beyond recovery.
torch::Tensor PerRowCrossEntropy(const torch::Tensor& of, double target) {
  const FullPrecision full;
  const auto logits = Exact(of), probability = logits.sigmoid();
  const auto loss = torch::binary_cross_entropy(probability.nan_to_num(0.5), torch::full_like(logits, target),
                                                {}, at::Reduction::None);
  return torch::where(probability.isnan(), probability, loss);
}

// The sentence of the row after each own row, in the global batch; the batch's last row has none.
torch::Tensor NextSentences(const torch::Tensor& sentence, const BatchScope& scope) {
  const auto all = GatherRows(scope.batch, sentence.detach(), scope.rows);
  const int64_t pairs = std::min(scope.rows.end(), scope.rows.global - 1) - scope.rows.first;
  return all.narrow(0, std::min(scope.rows.first + 1, scope.rows.global), std::max<int64_t>(pairs, 0));
}

// The conditional head's logits of right pairs, of fakes, and of pictures with the next row's sentence.
// `order`: in which the head sees them, as its batch norm's statistics move with each.
std::vector<torch::Tensor> PairLogits(nn::Critic& discriminator, const std::vector<torch::Tensor>& features,
                                      const torch::Tensor& sentence, const BatchScope& scope,
                                      HeadOrder order) {
  const auto next = NextSentences(sentence, scope);
  const auto wrong = features[0].narrow(0, 0, next.size(0));
  std::vector<nn::Critic::Pair> pairs = {{features[0], sentence}, {features[1], sentence}, {wrong, next}};
  if (order == HeadOrder::kRealWrongFake) std::swap(pairs[1], pairs[2]);
  auto logits = discriminator.Conditional(pairs);
  if (order == HeadOrder::kRealWrongFake) std::swap(logits[1], logits[2]);
  return logits;
}

}  // namespace

torch::Tensor BinaryCrossEntropy(const torch::Tensor& logits, double label, const BatchScope& scope) {
  return scope.Mean(PerRowCrossEntropy(logits, label), scope.rows.global);
}

torch::Tensor Torch7CrossEntropy(const torch::Tensor& probability, double label) {
  constexpr double kEpsilon = 1e-12;
  CHECK(label == 0 || label == 1) << label;
  CHECK(probability.scalar_type() != torch::kBFloat16) << "1 - p of bfloat16 is 0 from 1 - 1/512 on";
  const FullPrecision full;
  return -((label == 1 ? probability : 1 - probability) + kEpsilon).log();
}

LossTerms DiscriminatorLoss(nn::Critic& discriminator, const torch::Tensor& real, const torch::Tensor& fake,
                            const torch::Tensor& sentence, const BatchScope& scope, HeadOrder order) {
  CHECK_GE(scope.rows.global, 2) << "wrong pairs need two rows";
  const bool both = discriminator.has_unconditional();
  const double real_weight = both ? 0.5 : 1.0, fake_weight = both ? 1.0 / 3 : 0.5;
  const auto features = discriminator.Features({real, fake.detach()});
  const auto conditional = PairLogits(discriminator, features, sentence.detach(), scope, order);
  LossTerms terms;
  const auto add = [&](const char* name, const torch::Tensor& logits, double target, double weight,
                       int64_t count) {
    terms.push_back({name, scope.Mean(PerRowCrossEntropy(logits, target), count) * weight});
  };
  const int64_t rows = scope.rows.global;
  add("real_cond", conditional[0], 1, real_weight, rows);
  add("fake_cond", conditional[1], 0, fake_weight, rows);
  add("wrong_cond", conditional[2], 0, fake_weight, rows - 1);
  if (!both) return terms;
  add("real_uncond", discriminator.Unconditional(features[0]), 1, real_weight, rows);
  add("fake_uncond", discriminator.Unconditional(features[1]), 0, fake_weight, rows);
  return terms;
}

LossTerms GeneratorLoss(nn::Critic& discriminator, const torch::Tensor& fake, const torch::Tensor& sentence,
                        const BatchScope& scope, const std::string& suffix) {
  const auto features = discriminator.Features({fake})[0];
  LossTerms terms;
  const auto cond = PerRowCrossEntropy(discriminator.Conditional({{features, sentence}})[0], 1);
  terms.push_back({"cond" + suffix, scope.Mean(cond, scope.rows.global)});
  if (!discriminator.has_unconditional()) return terms;
  const auto uncond = PerRowCrossEntropy(discriminator.Unconditional(features), 1);
  terms.push_back({"uncond" + suffix, scope.Mean(uncond, scope.rows.global)});
  return terms;
}

}  // namespace helio::losses
