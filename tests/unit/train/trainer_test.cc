#include "src/train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "cluster/thread_communicator.h"

// What the trainer owes any system, whatever it plays.
namespace helio::train {
namespace {

// Two players of a few numbers, one after the other; what each loss is, a test says.
class TwoPlayers : public recipes::System {
 public:
  struct Values : recipes::Step {
    int64_t step = 0;
  };
  using Loss = std::function<torch::Tensor(const TwoPlayers&, int64_t step)>;

  std::vector<recipes::Round> Rounds() override {
    return {{PhaseOf("first", a, {}, first)}, {PhaseOf("second", b, early, second)}};
  }
  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch&, const recipes::StepContext& context) override {
    auto values = std::make_unique<Values>();
    values->step = context.step;
    return values;
  }
  std::vector<dataio::DomainNeeds> Needs() const override { return {}; }
  std::vector<recipes::Part> Parts() const override {
    return {{"numbers", recipes::Role::kTrained, {{"a", a}, {"b", b}}}};
  }

  torch::Tensor a = torch::full({130}, 0.5).requires_grad_(), b = torch::full({130}, 0.5).requires_grad_();
  Loss first = [](const auto& s, int64_t) { return s.a.square().sum(); };
  Loss second = [](const auto& s, int64_t) { return s.b.square().sum(); };
  Loss early;
  double clip_norm = 0;
  std::string clip_prefix;

 private:
  recipes::Phase PhaseOf(const std::string& name, const torch::Tensor& parameter, const Loss& before,
                         const Loss& loss) {
    recipes::Phase phase;
    phase.name = name;
    phase.parameters = {{name, parameter}};
    phase.optimizer.learning_rate = 0.1;
    phase.optimizer.ema_decay = 0.5;
    phase.optimizer.clip_norm = clip_norm;
    phase.optimizer.clip_prefix = clip_prefix;
    phase.loss = [this, loss](recipes::Step& step) {
      return recipes::LossTerms{{"loss", loss(*this, static_cast<Values&>(step).step)}};
    };
    if (before)
      phase.early_loss = [this, before](recipes::Step& step) {
        return recipes::LossTerms{{"early", before(*this, static_cast<Values&>(step).step)}};
      };
    return phase;
  }
};

StepReport Play(Trainer& trainer, int64_t step) {
  return trainer.Step(dataio::Batch{}, {.seed = 1, .step = step}, 1);
}

// Weights and averages after steps of which the second is skipped.
NamedTensors AfterASkippedStep(bool shard) {
  NamedTensors state;
  cluster::RunThreadRanks(2, [&](cluster::Communicator& communicator) {
    TwoPlayers system;
    system.second = [](const auto& s, int64_t step) { return s.b.square().sum() * (step == 1 ? NAN : 1.0); };
    Trainer trainer(system, communicator, {.reducer = {.shard_optimizer = shard}});
    trainer.ResetAverages();
    for (int64_t step = 0; step < 4; ++step) EXPECT_EQ(Play(trainer, step).skipped(), step == 1);
    auto moments = trainer.OptimizerState();
    if (communicator.rank() != 0) return;
    for (const auto& list :
         {recipes::TensorsOf(system, recipes::Role::kTrained), trainer.AverageState(), moments})
      for (const auto& [name, tensor] : list) state.emplace_back(name, tensor.detach().clone());
  });
  return state;
}

TEST(TrainerTest, ASkippedPhaseMovesNothingShardedOrNot) {
  const auto whole = AfterASkippedStep(false), sharded = AfterASkippedStep(true);
  ASSERT_EQ(whole.size(), sharded.size());
  for (size_t i = 0; i < whole.size(); ++i)
    EXPECT_TRUE(torch::equal(whole[i].second, sharded[i].second)) << whole[i].first;
}

TEST(TrainerTest, AnEarlyLossOfWhatIsUpdatedMeanwhileIsRefused) {
  const auto solo = cluster::MakeSoloCommunicator();
  TwoPlayers system;
  system.early = [](const auto& s, int64_t) { return (s.a.detach().square() * s.b).sum(); };
  Trainer harmless(system, *solo, {});
  EXPECT_NO_THROW(Play(harmless, 0));
  // Its backward would read `a` as it is after the first player's update.
  TwoPlayers wrong;
  wrong.early = [](const auto& s, int64_t) { return (s.a * s.b).sum(); };
  Trainer trainer(wrong, *solo, {});
  EXPECT_THROW(Play(trainer, 0), c10::Error);
}

TEST(TrainerTest, WeightsThatAreNotFiniteAreReported) {
  const auto solo = cluster::MakeSoloCommunicator();
  TwoPlayers system;
  Trainer trainer(system, *solo, {});
  EXPECT_TRUE(Play(trainer, 0).finite_weights.item<bool>());
  EXPECT_FALSE(trainer.Step(dataio::Batch{}, {.seed = 1, .step = 1}, 1e300).finite_weights.item<bool>());
}

// Its squares are infinite in float32: Adam's second moments would stay so, and the weights still, for ever.
TEST(TrainerTest, AGradientTooLargeForItsSquareIsSkipped) {
  const auto solo = cluster::MakeSoloCommunicator();
  TwoPlayers system;
  system.first = [](const auto& s, int64_t step) { return s.a.sum() * (step == 0 ? 1e25 : 1.0); };
  Trainer trainer(system, *solo, {});
  EXPECT_EQ(Play(trainer, 0).skipped(), 1);
  EXPECT_EQ(Play(trainer, 1).skipped(), 0);
  EXPECT_FALSE(system.a.eq(0.5).any().item<bool>());
}

// Of what is clipped to a limit the squares are finite; DAMSM clips one of its encoders only.
TEST(TrainerTest, ATooLargeGradientIsUsableWhereAllOfItIsClipped) {
  const auto solo = cluster::MakeSoloCommunicator();
  for (const char* prefix : {"", "another"}) {
    TwoPlayers system;
    system.first = [](const auto& s, int64_t) { return s.a.sum() * 1e25; };
    system.clip_norm = 1;
    system.clip_prefix = prefix;
    Trainer trainer(system, *solo, {});
    EXPECT_EQ(Play(trainer, 0).skipped(), *prefix != 0) << prefix;
  }
}

TEST(TrainerDeathTest, AParameterInTwoPhasesIsRefused) {
  const auto solo = cluster::MakeSoloCommunicator();
  TwoPlayers system;
  system.b = system.a;
  EXPECT_DEATH(Trainer(system, *solo, {}), "is in the phases first and second");
}

}  // namespace
}  // namespace helio::train
