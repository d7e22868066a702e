// --precision=bfloat16, of every registered system: it is near float32, N ranks train as one does within the
// rounding of another summation order, a resumed run is bit-equal, and nothing that lasts is bfloat16. What
// the bounds leave to spare: docs/benchmarks/precision.md.
#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "cluster/thread_communicator.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

constexpr int64_t kSteps = 3;
// Behind the batch norms of hardly trained networks, whose channels hardly vary, gradients in bfloat16 are
// other ones: by half in GAWWN's, and more of its key points.
constexpr double kFree = INFINITY;

train::TrainerOptions In(Precision precision) {
  return {.reducer = {.bucket_mb = 0.001}, .precision = precision};
}

// A few steps: the losses of each, the first step's gradients (a tenth or so of them: Adam's first moments),
// and what is left in the end.
struct Played {
  std::vector<std::vector<double>> losses;
  NamedTensors moments, state;
};

NamedTensors MomentsOf(const train::Trainer& trainer) {
  NamedTensors moments;
  for (const auto& [name, tensor] : trainer.OptimizerState())
    if (name.find("/exp_avg") != std::string::npos) moments.emplace_back(name, tensor.clone());
  return moments;
}

Played PlayIn(Precision precision, const std::string& recipe, int ranks) {
  Played played;
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    ToyTraining training(recipe, communicator, In(precision));
    Played own;
    for (int64_t step = 0; step < kSteps; ++step) {
      own.losses.push_back(training.Step(step, step));
      if (step == 0) own.moments = MomentsOf(training.trainer());
    }
    own.state = training.State();
    if (communicator.rank() == 0) played = std::move(own);
  });
  return played;
}

double LossDistance(const Played& a, const Played& b, size_t step) {
  double worst = 0;
  for (size_t i = 0; i < b.losses[step].size(); ++i) {
    const double got = a.losses[step][i], expected = b.losses[step][i];
    worst = std::max(worst, std::abs(got - expected) / std::max(1.0, std::abs(expected)));
  }
  return worst;
}

// Of all gradients together. What is smaller than the floor is rounding: of char-CNN-RNN's, whose embeddings
// are nearly the same at first.
double GradientDistance(const Played& a, const Played& b, double floor = 1e-2) {
  const auto together = [](const Played& played) {
    std::vector<torch::Tensor> flat;
    for (const auto& [name, tensor] : played.moments)
      if (name.find("/exp_avg.") != std::string::npos) flat.push_back(tensor.flatten());
    return torch::cat(flat);
  };
  return Distance(together(a), together(b), floor);
}

// Largest relative differences that are allowed of the losses step by step, and of the first gradient.
struct Bounds {
  double first_losses, losses, gradient;
};

void ExpectNear(const Played& got, const Played& expected, const Bounds& bounds, const std::string& what) {
  ASSERT_EQ(got.losses.size(), expected.losses.size());
  const double gradient = GradientDistance(got, expected);
  std::printf("%-24s %-10s losses", "", what.c_str());
  for (size_t step = 0; step < expected.losses.size(); ++step) {
    const double distance = LossDistance(got, expected, step);
    std::printf(" %.1e", distance);
    EXPECT_LE(distance, step == 0 ? bounds.first_losses : bounds.losses) << what << ", step " << step;
  }
  std::printf("  gradient %.1e\n", gradient);
  EXPECT_LE(gradient, bounds.gradient) << what;
}

class Bfloat16 : public ::testing::TestWithParam<std::string> {};

TEST_P(Bfloat16, IsNearFloat32AndLeavesFloat32) {
  const auto full = PlayIn(Precision::kFloat32, GetParam(), 1),
             rounded = PlayIn(Precision::kBfloat16, GetParam(), 1);
  ExpectNear(rounded, full, {.first_losses = 0.05, .losses = 0.2, .gradient = kFree}, "float32");
  EXPECT_GT(GradientDistance(rounded, full, 0), 0) << "nothing was computed in bfloat16";
  for (const auto* kept : {&rounded.state, &rounded.moments})
    for (const auto& [name, tensor] : *kept) {
      EXPECT_NE(tensor.scalar_type(), torch::kBFloat16) << name;
      EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
    }
}

TEST_P(Bfloat16, RanksTrainAsOneDoes) {
  const auto alone = PlayIn(Precision::kBfloat16, GetParam(), 1);
  for (const int ranks : {2, 3})
    ExpectNear(PlayIn(Precision::kBfloat16, GetParam(), ranks), alone,
               {.first_losses = 0.02, .losses = 0.15, .gradient = 0.3}, std::to_string(ranks) + " ranks");
}

TEST_P(Bfloat16, ResumesBitEqual) {
  const auto solo = cluster::MakeSoloCommunicator();
  ToyTraining first(GetParam(), *solo, In(Precision::kBfloat16)),
      second(GetParam(), *solo, In(Precision::kBfloat16));
  for (int64_t step = 0; step < 2; ++step) first.Step(step, step);
  for (const auto role : {recipes::Role::kTrained, recipes::Role::kMemory})
    CopyState(recipes::TensorsOf(first.system(), role), recipes::TensorsOf(second.system(), role), "test");
  CopyState(first.trainer().OptimizerState(), second.trainer().OptimizerState(), "test");
  CopyState(first.trainer().AverageState(), second.trainer().AverageState(), "test");
  for (int64_t step = 2; step < 4; ++step) EXPECT_EQ(first.Step(step, step), second.Step(step, step));
  const auto expected = first.State(), got = second.State();
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(torch::equal(got[i].second, expected[i].second)) << expected[i].first;
}

// On a CPU the same numbers, bit for bit.
TEST_P(Bfloat16, Tf32IsFloat32OnACpu) {
  EXPECT_EQ(PlayIn(Precision::kTf32, GetParam(), 1).losses,
            PlayIn(Precision::kFloat32, GetParam(), 1).losses);
}

INSTANTIATE_TEST_SUITE_P(Recipes, Bfloat16, ::testing::ValuesIn(recipes::SystemNames()),
                         [](const auto& recipe) { return recipe.param; });

}  // namespace
}  // namespace helio::testing
