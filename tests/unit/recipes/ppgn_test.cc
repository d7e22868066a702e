// What PPGN has beyond the published numbers: players that sit out, on any number of ranks and after a
// resume; chains that are functions of seed and row; options that do not fit.
#include "src/recipes/ppgn.h"

#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/base/error.h"
#include "src/recipes/code_range.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

TEST(BalanceTest, NobodyIsLeftBehind) {
  recipes::Balance balance;
  const auto playing = [&](double discriminator, double generator) {
    balance.Update(torch::tensor({discriminator, generator}, torch::kFloat64));
    const auto players = balance.Playing();
    return std::string(players.discriminator ? "d" : "") + (players.generator ? "g" : "");
  };
  EXPECT_EQ(playing(1, 1), "dg");
  EXPECT_EQ(playing(0.09, 1), "g");
  EXPECT_EQ(playing(0.3, 1), "g");  // not yet
  EXPECT_EQ(playing(0.6, 1), "dg");
  EXPECT_EQ(playing(11, 1), "d");
  EXPECT_EQ(playing(1, 1), "d");
  EXPECT_EQ(playing(0.05, 1), "g");
  EXPECT_EQ(playing(NAN, 1), "g");
  EXPECT_EQ(playing(INFINITY, 1), "d");
}

// Ranks of hosts with other numbers of cores must come to the same bits: they are compared as weights are.
TEST(CodeRangeTest, ThreadsDecideNothing) {
  auto generator = at::detail::createCPUGenerator(5);
  const auto codes = torch::randn({64, 4096}, generator).mul(8).exp();
  const int before = at::get_num_threads();
  cluster::RunThreadRanks(3, [&](cluster::Communicator& communicator) {
    at::set_num_threads(1 + 2 * communicator.rank());
    const auto ranks = cluster::MakeGlobalBatch(communicator);
    const auto rows = SplitRows(codes.size(0), communicator.rank(), communicator.size());
    recipes::CodeRange range(codes.size(1));
    range.Add(codes.narrow(0, rows.first, rows.local), *ranks, rows);
    EXPECT_NEAR(range.Mean() / codes.mean(torch::kFloat64).item<double>(), 1, 1e-9);
    EXPECT_TRUE(torch::equal(range.highest(), codes.amax(0)));
    const auto sums = cluster::GatherScalars(communicator, range.State("")[0].second.item<double>());
    for (const double sum : sums) EXPECT_EQ(sum, sums[0]);
  });
  at::set_num_threads(before);
}

// As if earlier steps had come to that.
void LetPlay(ToyTraining& training, int64_t discriminator, int64_t generator) {
  for (auto [name, tensor] : recipes::TensorsOf(training.system(), recipes::Role::kMemory))
    if (name == "balance.plays") tensor.copy_(torch::tensor({discriminator, generator}, torch::kInt64));
}

struct Sides {
  int64_t discriminator, generator;
};

// The state after a few steps, and how many terms each of them had: two of the discriminator, four of the
// generator.
NamedTensors PlayFrom(const Sides& sides, int ranks, int accumulate, std::vector<size_t>& terms) {
  NamedTensors state;
  const train::TrainerOptions options{.reducer = {.bucket_mb = 0.001}, .accumulate = accumulate};
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    ToyTraining training("ppgn", communicator, options);
    LetPlay(training, sides.discriminator, sides.generator);
    std::vector<size_t> own;
    for (int64_t step = 0; step < 4; ++step) own.push_back(training.Step(step, step * accumulate).size());
    if (communicator.rank() > 0) return;
    state = training.State();
    terms = own;
  });
  return state;
}

void ExpectAnyNumberOfRanks(const Sides& sides, const std::vector<size_t>& expected_terms) {
  const DefaultDtype dtype(torch::kFloat64);
  for (const int accumulate : {1, 2}) {
    std::vector<size_t> alone_terms, terms;
    const auto alone = PlayFrom(sides, 1, accumulate, alone_terms),
               three = PlayFrom(sides, 3, accumulate, terms);
    EXPECT_EQ(alone_terms, expected_terms);
    EXPECT_EQ(terms, expected_terms);
    for (size_t i = 0; i < alone.size(); ++i)
      EXPECT_LE(Distance(three[i].second, alone[i].second), 1e-9) << alone[i].first;
  }
}

// Its losses are near those of chance: it is needed again at once.
TEST(PpgnTest, RanksAgreeOnADiscriminatorThatSitsOut) { ExpectAnyNumberOfRanks({0, 1}, {4, 6, 6, 6}); }
// It waits until the discriminator is far ahead.
TEST(PpgnTest, RanksAgreeOnAGeneratorThatSitsOut) { ExpectAnyNumberOfRanks({1, 0}, {2, 2, 2, 2}); }

// All that a resumed run gets: weights, memory, optimizer state. Views.
NamedTensors Resumed(ToyTraining& training) {
  auto all = training.trainer().OptimizerState();
  for (const auto role : {recipes::Role::kTrained, recipes::Role::kMemory})
    for (const auto& entry : recipes::TensorsOf(training.system(), role)) all.push_back(entry);
  return all;
}

void CopyValues(const NamedTensors& from, const NamedTensors& to) {
  const torch::NoGradGuard no_grad;
  ASSERT_EQ(from.size(), to.size());
  for (size_t i = 0; i < from.size(); ++i) torch::Tensor(to[i].second).copy_(from[i].second);
}

TEST(PpgnTest, ResumesWithWhoSatOut) {
  const DefaultDtype dtype(torch::kFloat64);
  cluster::RunThreadRanks(1, [&](cluster::Communicator& communicator) {
    ToyTraining whole("ppgn", communicator, {}), resumed("ppgn", communicator, {});
    whole.Step(0, 0);
    LetPlay(whole, 1, 0);
    whole.Step(1, 1);
    CopyValues(Resumed(whole), Resumed(resumed));
    for (int64_t step = 2; step < 5; ++step)
      EXPECT_EQ(whole.Step(step, step).size(), resumed.Step(step, step).size());
    const auto expected = whole.State(), got = resumed.State();
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_TRUE(torch::equal(got[i].second, expected[i].second)) << got[i].first;
  });
}

// What a run that has diverged goes back to may be from before the units were chosen.
TEST(PpgnTest, AWayBackToTheStartHasTheSameUnits) {
  const DefaultDtype dtype(torch::kFloat64);
  for (const int accumulate : {1, 2})
    cluster::RunThreadRanks(2, [&](cluster::Communicator& communicator) {
      ToyTraining training("ppgn", communicator, {.accumulate = accumulate});
      NamedTensors start;
      for (const auto& [name, tensor] : Resumed(training)) start.emplace_back(name, tensor.detach().clone());
      for (const int64_t tried : {1, 3}) {
        std::vector<std::vector<double>> losses(2);
        for (auto& once : losses) {
          CopyValues(start, Resumed(training));
          for (int64_t step = 0; step < tried; ++step)
            for (const double loss : training.Step(step, step * accumulate)) once.push_back(loss);
        }
        EXPECT_EQ(losses[0], losses[1]);
      }
    });
}

class PpgnChain : public ::testing::Test {
 protected:
  PpgnChain() : PpgnChain(ToyOptions()) {}
  explicit PpgnChain(const OptionValues& options)
      : system_(recipes::MakeSystem("ppgn", options, {solo_, solo_, 7, {{}, /*random=*/true}, ToyFacts()})),
        drawer_(system_->MakeDrawer()) {}

  static recipes::Prompt Captions() {
    recipes::Prompt prompt;
    prompt.captions =
        torch::tensor({3, 5, 9, 0, 0, 4, 2, 0, 0, 0, 7, 7, 1, 2, 6, 8, 0, 0, 0, 0}, torch::kInt64)
            .view({4, 5});
    prompt.lengths = torch::tensor({3, 2, 5, 1}, torch::kInt64);
    return prompt;
  }

  SoloBatch solo_;
  const std::unique_ptr<recipes::System> system_;
  const std::unique_ptr<recipes::Drawer> drawer_;
};

TEST_F(PpgnChain, IsAFunctionOfSeedAndRow) {
  auto prompt = Captions();
  const auto whole = drawer_->Draw(prompt, recipes::RowsOf(3, {0, 4, 4})).images;
  ASSERT_EQ(whole.size(), 8u);
  EXPECT_EQ(whole.back().sizes(), (std::vector<int64_t>{4, 3, 16, 16}));
  EXPECT_TRUE(torch::equal(whole.back(), drawer_->Draw(prompt, recipes::RowsOf(3, {0, 4, 4})).images.back()));
  EXPECT_FALSE(
      torch::allclose(whole.back(), drawer_->Draw(prompt, recipes::RowsOf(4, {0, 4, 4})).images.back()));
  prompt.captions = prompt.captions.narrow(0, 2, 2);
  prompt.lengths = prompt.lengths.narrow(0, 2, 2);
  const auto part = drawer_->Draw(prompt, recipes::RowsOf(3, {2, 2, 4})).images.back();
  EXPECT_TRUE(torch::allclose(part, whole.back().narrow(0, 2, 2), 1e-3, 1e-4));
}

// More than run side by side.
TEST_F(PpgnChain, ManyAreDrawnInParts) {
  recipes::Prompt prompt;
  prompt.classes = torch::arange(35).remainder(4);
  const auto all = drawer_->Draw(prompt, recipes::RowsOf(3, {0, 35, 35}));
  ASSERT_EQ(all.images.size(), 8u);
  ASSERT_EQ(all.labels.size(), 8u);
  EXPECT_EQ(all.images.back().size(0), 35);
  prompt.classes = prompt.classes.narrow(0, 33, 2);
  const auto last = drawer_->Draw(prompt, recipes::RowsOf(3, {33, 2, 35})).images.back();
  EXPECT_TRUE(torch::allclose(last, all.images.back().narrow(0, 33, 2), 1e-3, 1e-4));
}

TEST_F(PpgnChain, CanBeAskedForAClassToo) {
  EXPECT_EQ(drawer_->classes(), 4);
  recipes::Prompt prompt;
  prompt.classes = torch::tensor({0, 3}, torch::kInt64);
  const auto pictures = drawer_->Draw(prompt, recipes::RowsOf(3, {0, 2, 2}));
  EXPECT_EQ(pictures.labels.front(), "update 0");
  EXPECT_EQ(pictures.labels.back(), "update 9");
  EXPECT_TRUE(pictures.images.back().isfinite().all().item<bool>());
}

// What scores of its pictures are told apart by.
TEST_F(PpgnChain, SaysHowItDraws) {
  EXPECT_EQ(drawer_->manner(), "chains of 10 updates, epsilon 0.001 1 1e-17, rate 1 to 1e-10");
}

OptionValues ByClass() {
  auto options = ToyOptions();
  options["steered_by"] = "class";
  return options;
}

class PpgnClassChain : public PpgnChain {
 protected:
  PpgnClassChain() : PpgnChain(ByClass()) {}
};

TEST_F(PpgnClassChain, RefusesCaptions) {
  EXPECT_THROW(drawer_->Draw(Captions(), recipes::RowsOf(3, {0, 4, 4})), Error);
}

TEST_F(PpgnClassChain, NeedsNoCaptioner) {
  for (const auto& part : system_->Parts()) EXPECT_FALSE(part.name.starts_with("caption_")) << part.name;
}

TEST(PpgnOptionsTest, RefuseWhatDoesNotFit) {
  SoloBatch solo;
  for (const auto& [name, value] : {std::pair{"generator_convolutions", "2"},
                                    {"generator_channels", "6,,5"},
                                    {"generator_channels", "6,5,"},
                                    {"generator_channels", "6,0,5"},
                                    {"encoder_side", "17"},
                                    {"picture_critic", "deep"}}) {
    auto options = ToyOptions();
    options[name] = value;
    EXPECT_THROW(recipes::MakeSystem("ppgn", options, {solo, solo, 7, {{}, /*random=*/true}, ToyFacts()}),
                 Error)
        << name << "=" << value;
  }
  // Nothing says how many classes its encoder was trained on.
  EXPECT_THROW(
      recipes::MakeSystem("ppgn", ToyOptions(), {solo, solo, 7, {{}, /*random=*/true}, {.vocabulary = 20}}),
      Error);
}

TEST(PpgnOptionsTest, TheDeepDiscriminatorSees63PixelsAndMore) {
  nn::PictureCritic critic(nn::PictureCriticOptions::Deep(2));
  EXPECT_EQ(critic(torch::zeros({1, 3, 63, 63})).size(1), 2);
  EXPECT_ANY_THROW(critic(torch::zeros({1, 3, 62, 62})));
}

TEST(PpgnOptionsTest, TheGeneratorIsAsLargeAsTheReleasedOne) {
  const nn::CodeGenerator generator{nn::CodeGeneratorOptions()};
  int64_t count = 0;
  for (const auto& parameter : generator->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 56097891);
  EXPECT_EQ(nn::CodeGeneratorOptions().side(), 256);
  std::string layers;
  for (const auto& child : generator->named_children()) layers += child.key() + " ";
  EXPECT_EQ(layers,
            "defc7 defc6 defc5 deconv5 conv5_1 deconv4 conv4_1 deconv3 conv3_1 deconv2 deconv1 deconv0 ");
}

TEST(PpgnOptionsTest, RatesAreHalvedWhereTheyAreSaidTo) {
  recipes::PpgnOptions options;
  EXPECT_EQ(options.RateFactor(299999), 1);
  EXPECT_EQ(options.RateFactor(300000), 0.5);
  EXPECT_EQ(options.RateFactor(999999), 0.0625);
}

}  // namespace
}  // namespace helio::testing
