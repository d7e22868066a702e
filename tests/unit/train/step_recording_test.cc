#include "src/train/step_recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "src/base/error.h"
#include "src/base/to_device.h"
#include "src/train/trainer.h"

// Steps that are captured as CUDA graphs, on a simulated device whose streams are queues (SIM_ASYNC): the
// same bits as those that are played, whatever the batch, and mistakes are seen.
namespace helio::train {
namespace {

using recipes::LossTerms;

const torch::Device kDevice(torch::kCUDA, 0);
constexpr int64_t kSteps = 12;

struct Values : recipes::BatchStep {
  using BatchStep::BatchStep;
  torch::Tensor drawn, lengths;
};

template <typename Terms>
std::function<LossTerms(recipes::Step&)> Loss(Terms terms) {
  return [terms](recipes::Step& step) { return terms(static_cast<Values&>(step)); };
}

// Two players: the first learns from the batch, noise and captions' lengths, the second, which begins early,
// through what Prepare made with its numbers and through the first's.
class Game : public recipes::System {
 public:
  // What a test adds to the first one's loss.
  std::function<torch::Tensor(const Values&)> more;

  std::vector<dataio::DomainNeeds> Needs() const override { return {}; }
  std::vector<recipes::Part> Parts() const override {
    return {{"a", recipes::Role::kTrained, {{"a", a}}}, {"b", recipes::Role::kTrained, {{"b", b}}}};
  }
  std::string WhyNotCaptured() const override { return ""; }

  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& batch,
                                         const recipes::StepContext& context) override {
    auto step = std::make_unique<Values>(batch, context);
    step->drawn = context.Noise("noise", batch.rows, 4) * b;
    step->lengths =
        context.Given("lengths", batch, [](const dataio::Batch& of, const recipes::StepContext& at) {
          const auto longest = of.data().caption_lengths.max().item<int64_t>();  // on the host
          return std::vector<torch::Tensor>{
              torch::full({4}, static_cast<double>(longest + at.step), torch::kFloat32)};
        })[0];
    return step;
  }
  std::vector<recipes::Round> Rounds() override {
    auto first = PhaseOf("first", a), second = PhaseOf("second", b);
    first.loss = Loss([this](Values& step) {
      const auto seen = (step.data.images[0] * a + step.drawn.detach() * step.lengths).square().mean();
      const auto words = (step.data.caption_lengths.to(torch::kFloat32).sum() * a).mean();
      LossTerms terms{{"seen", seen}, {"words", words}};
      if (more) terms.push_back({"more", more(step)});
      return terms;
    });
    second.through = {"a"};
    second.early_loss = Loss([](Values& step) { return LossTerms{{"size", step.drawn.square().mean()}}; });
    second.loss = Loss([this](Values& step) { return LossTerms{{"fooled", (step.drawn * a).mean()}}; });
    return {{first}, {second}};
  }

  torch::Tensor a = torch::full({4}, 0.5).requires_grad_(), b = torch::full({4}, 0.25).requires_grad_();

 private:
  static recipes::Phase PhaseOf(const std::string& name, const torch::Tensor& parameter) {
    recipes::Phase phase;
    phase.name = name;
    phase.parameters = {{name, parameter}};
    phase.optimizer.learning_rate = 0.1;
    phase.optimizer.ema_decay = 0.5;
    return phase;
  }
};

// Of a step: pictures and lengths of its own.
dataio::Batch BatchOf(int64_t step, int64_t rows) {
  dataio::Batch batch{.rows = {0, rows, rows}};
  const auto value = static_cast<double>(step + 1);
  batch.data().images = {ToDevice(torch::arange(rows * 4, torch::kFloat32).view({rows, 4}) * value, kDevice)};
  batch.data().caption_lengths = torch::full({rows}, step % 3 + 1, torch::kInt64);
  return batch;
}

// Everything that the steps have left and said, on the host.
struct Outcome {
  std::vector<torch::Tensor> state, terms;
  std::vector<int> skipped;
};

Outcome Play(
    bool graphs, const std::function<void(Game&)>& change = {},
    const std::function<dataio::Batch(int64_t)>& batch = [](int64_t step) { return BatchOf(step, 3); }) {
  Game game;
  if (change) change(game);
  cluster::World world;
  world.device = kDevice;
  const auto communicator = cluster::MakeSoloCommunicator(world);
  Trainer trainer(game, *communicator, {.cuda_graph = graphs});
  Outcome outcome;
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto report =
        trainer.Step(batch(step), {.seed = 3, .step = step, .device = kDevice}, 1.0 / (step + 1.0));
    for (const auto& term : report.terms) outcome.terms.push_back(term.value);
    outcome.skipped.push_back(report.skipped());
  }
  for (auto& term : outcome.terms) term = term.cpu();  // as late as can be: a launch may have gone over them
  for (const auto& state :
       {trainer.OptimizerState(), trainer.AverageState(), NamedTensors{{"a", game.a}, {"b", game.b}}})
    for (const auto& entry : state) outcome.state.push_back(entry.second.detach().cpu());
  return outcome;
}

bool Same(const Outcome& one, const Outcome& other) {
  const auto same = [](const auto& x, const auto& y) {
    return std::ranges::equal(x, y, [](const auto& p, const auto& q) {
      return p.scalar_type() == q.scalar_type() && torch::allclose(p, q, 0, 0, /*equal_nan=*/true);
    });
  };
  return same(one.state, other.state) && same(one.terms, other.terms) && one.skipped == other.skipped;
}

TEST(StepRecordingTest, CapturedStepsHaveTheBitsOfPlayedOnes) { EXPECT_TRUE(Same(Play(true), Play(false))); }

TEST(StepRecordingTest, AStepOfABadBatchIsSkippedInALaunchToo) {
  const auto batch = [](int64_t step) {
    auto own = BatchOf(step, 3);
    if (step == 5) own.data().images[0].fill_(NAN);
    return own;
  };
  const auto played = Play(false, {}, batch);
  EXPECT_TRUE(Same(Play(true, {}, batch), played));
  EXPECT_GT(played.skipped[5], 0);
}

TEST(StepRecordingTest, BatchesOfOtherLayoutsAreCapturedBesideOrPlayed) {
  const auto batch = [](int64_t step) { return BatchOf(step, step == 3 ? 5 : step % 2 == 0 ? 2 : 3); };
  EXPECT_TRUE(Same(Play(true, {}, batch), Play(false, {}, batch)));
}

TEST(StepRecordingTest, AHostReadInAPhaseIsRefusedByTheNameOfTheKind) {
  const auto reads = [](Game& game) {
    game.more = [&game](const Values& step) { return game.a.sum() * step.drawn.sum().item<double>(); };
  };
  EXPECT_NO_THROW(Play(false, reads));
  try {
    Play(true, reads);
    FAIL() << "it was captured";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUser);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("first: cannot be captured"),
                                             testing::HasSubstr("leave out --cuda_graph")));
  }
}

// A system that reads a batch which is copied nowhere.
TEST(StepRecordingTest, ABatchThatIsNotCopiedShows) {
  const auto outcome = [](bool graphs) {
    dataio::Batch current;
    return Play(
        graphs,
        [&](Game& game) {
          game.more = [&](const Values&) { return (current.data().images[0] * game.a).mean(); };
        },
        [&](int64_t step) { return current = BatchOf(step, 3); });
  };
  EXPECT_FALSE(Same(outcome(true), outcome(false)));
}

TEST(StepRecordingTest, LayoutsDifferInShapesNotInNumbers) {
  EXPECT_EQ(StepRecording::LayoutOf(BatchOf(0, 3)), StepRecording::LayoutOf(BatchOf(1, 3)));
  EXPECT_NE(StepRecording::LayoutOf(BatchOf(0, 3)), StepRecording::LayoutOf(BatchOf(0, 2)));
}

}  // namespace
}  // namespace helio::train
