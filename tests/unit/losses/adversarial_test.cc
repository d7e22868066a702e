#include "src/losses/adversarial.h"

#include <gtest/gtest.h>

#include "src/losses/kl.h"
#include "src/nn/discriminator.h"
#include "src/nn/init.h"
#include "tests/support/shares.h"

namespace helio::losses {
namespace {

using testing::Difference;
using testing::OnRanks;
using testing::Random64;
using testing::Share;
using testing::Tensors;

constexpr int64_t kEmbedding = 5, kSide = 16;

nn::Discriminator Net(bool unconditional = true) {
  nn::Discriminator net(nn::DiscriminatorOptions{
      .df = 2, .embedding = kEmbedding, .side = kSide, .unconditional = unconditional});
  nn::InitializeOrthogonal(*net, 11);
  net->to(torch::kFloat64);
  return net;
}

struct Data {
  torch::Tensor real, fake, sentence;
  explicit Data(int64_t rows)
      : real(Random64({rows, 3, kSide, kSide}).tanh()),
        fake(Random64({rows, 3, kSide, kSide}).tanh()),
        sentence(Random64({rows, kEmbedding})) {}
};

std::map<std::string, double> Values(const LossTerms& terms) {
  std::map<std::string, double> values;
  for (const auto& term : terms) values[term.name] = term.value.item<double>();
  return values;
}

torch::Tensor Total(const LossTerms& terms) {
  auto total = terms.at(0).value;
  for (size_t i = 1; i < terms.size(); ++i) total = total + terms[i].value;
  return total;
}

double MeanLog(const torch::Tensor& probability) { return -probability.log().mean().item<double>(); }

// FIXTURES.md, quirk 5, from the networks' own logits.
std::map<std::string, double> Expected(nn::Discriminator net, const Data& data, bool both) {
  const int64_t rows = data.real.size(0);
  const auto real = net(data.real), fake = net(data.fake);
  const double a = both ? 0.5 : 1, b = both ? 1.0 / 3 : 0.5;
  const auto said = [&](const torch::Tensor& features, const torch::Tensor& sentence) {
    return net->Conditional(features, sentence).sigmoid();
  };
  std::map<std::string, double> values{{"real_cond", a * MeanLog(said(real, data.sentence))},
                                       {"fake_cond", b * MeanLog(1 - said(fake, data.sentence))}};
  values["wrong_cond"] =
      b * MeanLog(1 - said(real.narrow(0, 0, rows - 1), data.sentence.narrow(0, 1, rows - 1)));
  if (!both) return values;
  values["real_uncond"] = a * MeanLog(net->Unconditional(real).sigmoid());
  values["fake_uncond"] = b * MeanLog(1 - net->Unconditional(fake).sigmoid());
  return values;
}

class AdversarialTest : public ::testing::TestWithParam<bool> {};

TEST_P(AdversarialTest, DiscriminatorTermsAreThePublishedOnes) {
  torch::manual_seed(1);
  const Data data(4);
  SoloBatch solo;
  auto net = Net(GetParam());
  const auto values = Values(DiscriminatorLoss(*net, data.real, data.fake, data.sentence, {solo, {0, 4, 4}}));
  const auto expected = Expected(Net(GetParam()), data, GetParam());
  ASSERT_EQ(values.size(), expected.size());
  for (const auto& [name, value] : expected) EXPECT_NEAR(values.at(name), value, 1e-12) << name;
}

TEST_P(AdversarialTest, GeneratorTermsAreNotHalved) {
  torch::manual_seed(2);
  const Data data(3);
  SoloBatch solo;
  auto net = Net(GetParam());
  const auto values = Values(GeneratorLoss(*net, data.fake, data.sentence, {solo, {0, 3, 3}}, "16"));
  auto twin = Net(GetParam());
  const auto features = twin(data.fake);
  EXPECT_NEAR(values.at("cond16"), MeanLog(twin->Conditional(features, data.sentence).sigmoid()), 1e-12);
  EXPECT_EQ(values.count("uncond16"), GetParam());
  if (!GetParam()) return;
  EXPECT_NEAR(values.at("uncond16"), MeanLog(twin->Unconditional(features).sigmoid()), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Heads, AdversarialTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "both" : "conditional"; });

TEST(Adversarial, FakesAreDetachedForTheDiscriminator) {
  Data data(2);
  data.fake.requires_grad_();
  SoloBatch solo;
  auto net = Net();
  Total(DiscriminatorLoss(*net, data.real, data.fake, data.sentence, {solo, {0, 2, 2}})).backward();
  EXPECT_FALSE(data.fake.grad().defined());
}

// Sigmoid, then logarithms clamped at -100: a hopeless row costs 100, and no gradient is infinite.
TEST(Adversarial, LogarithmsAreClamped) {
  auto net = Net(false);
  {
    torch::NoGradGuard no_grad;
    net->named_parameters()["COND_DNET.outlogits.0.bias"].fill_(-1e4);
  }
  Data data(2);
  data.fake.requires_grad_();
  SoloBatch solo;
  const auto loss = Total(GeneratorLoss(*net, data.fake, data.sentence, {solo, {0, 2, 2}}));
  EXPECT_EQ(loss.item<double>(), 100);
  loss.backward();
  EXPECT_TRUE(data.fake.grad().isfinite().all().item<bool>());
}

// torch's binary cross entropy throws on NaN on the CPU and ends the process on a GPU; here the trainer sees
// it in the gradient and skips the step.
TEST(Adversarial, WhatIsNoNumberStaysNone) {
  auto net = Net();
  Data data(2);
  data.fake[0].fill_(NAN);
  data.fake.requires_grad_();
  SoloBatch solo;
  const auto loss = Total(GeneratorLoss(*net, data.fake, data.sentence, {solo, {0, 2, 2}}));
  EXPECT_TRUE(std::isnan(loss.item<double>()));
  loss.backward();
  EXPECT_FALSE(data.fake.grad().isfinite().all().item<bool>());
}

// One player's loss and gradient: terms, then parameters.
Tensors Train(Share& share, const Data& data) {
  auto net = Net();
  nn::UseGlobalBatch(*net, &share.batch);
  const auto terms = DiscriminatorLoss(*net, share.Own(data.real), share.Own(data.fake),
                                       share.Own(data.sentence).detach(), {share.batch, share.rows});
  Total(terms).backward();
  Tensors results;
  for (const auto& term : terms) results.push_back(term.value.detach());
  for (const auto& parameter : net->parameters()) results.push_back(parameter.grad());
  return results;
}

// Wrong pairs cross the ranks' borders; the last rank's last row, or a rank without rows, has none.
TEST(Adversarial, DiscriminatorRanksEqualOne) {
  torch::manual_seed(3);
  for (const auto& [ranks, rows] : {std::pair<int, int64_t>{2, 5}, {4, 6}, {3, 2}}) {
    const Data data(rows);
    const auto train = [&](Share& share) { return Train(share, data); };
    const auto whole = OnRanks(1, rows, train)[0];
    const auto shares = OnRanks(ranks, rows, train);
    for (size_t i = 0; i < whole.size(); ++i)
      EXPECT_LT(Difference(testing::Averaged(shares, i), whole[i]), 1e-11) << ranks << " ranks, result " << i;
  }
}

TEST(Adversarial, GeneratorRanksEqualOne) {
  torch::manual_seed(4);
  const Data data(5);
  const auto pass = [&](Share& share) -> Tensors {
    auto net = Net();
    nn::UseGlobalBatch(*net, &share.batch);
    const auto fake = share.Own(data.fake);
    const auto loss =
        Total(GeneratorLoss(*net, fake, share.Own(data.sentence).detach(), {share.batch, share.rows}));
    loss.backward();
    return {loss.detach(), fake.grad()};
  };
  const auto whole = OnRanks(1, 5, pass)[0];
  const auto shares = OnRanks(3, 5, pass);
  EXPECT_LT(Difference(testing::Averaged(shares, 0), whole[0]), 1e-12);
  EXPECT_LT(Difference(testing::Joined(shares, 1) / 3, whole[1]), 1e-12);
}

TEST(Kl, IsTheMeanOverRowsAndDimensions) {
  SoloBatch solo;
  const auto mean = torch::tensor({{0.0, 1.0}, {2.0, 0.0}}, torch::kFloat64);
  const auto logvar = torch::tensor({{0.0, 0.0}, {0.0, 1.0}}, torch::kFloat64);
  const double expected = 0.5 * (1.0 + 4.0 + (std::exp(1.0) - 1 - 1)) / 4;
  EXPECT_NEAR(KlLoss(mean, logvar, {solo, {0, 2, 2}}).item<double>(), expected, 1e-12);
}

TEST(Kl, RanksEqualOne) {
  const auto mean = Random64({5, 3}), logvar = Random64({5, 3});
  const auto pass = [&](Share& share) -> Tensors {
    return {KlLoss(share.Own(mean), share.Own(logvar), {share.batch, share.rows}).detach()};
  };
  EXPECT_LT(Difference(testing::Averaged(OnRanks(3, 5, pass), 0), OnRanks(1, 5, pass)[0][0]), 1e-12);
}

}  // namespace
}  // namespace helio::losses
