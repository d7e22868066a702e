// A system with a memory part and phases of their own pace, through the product's trainer and session: the
// same weights and memory on any number of ranks, and after a resume.
#include "tests/unit/recipes/pool_system.h"

#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/train/session.h"
#include "tests/support/scratch_folder.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kSteps = 20;

train::SessionOptions OptionsOf(const fs::path& out, int64_t steps) {
  train::SessionOptions options;
  options.out = out;
  options.steps = steps;
  options.checkpoint_every = kSteps / 2;
  options.dtype = torch::kFloat64;
  options.texts["run.flags"] = "--seed=1\n";
  return options;
}

// Up to step `until` of a run of kSteps.
void Play(const fs::path& out, int ranks, int64_t until) {
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    const auto batch = cluster::MakeGlobalBatch(communicator);
    PoolSystem system(*batch);
    train::Trainer trainer(system, communicator, {});
    cluster::MetricRegistry registry;
    train::TrainingMetrics metrics(registry, {});
    train::SessionHooks hooks;
    const auto rows = SplitRows(kToyBatch, communicator.rank(), communicator.size());
    hooks.open_loader = [&rows](int64_t start) {
      return [&rows, step = start]() mutable { return ToyBatch(step++, rows, torch::kFloat64); };
    };
    auto options = OptionsOf(out, until);
    train::Session(system, trainer, communicator, metrics, options, hooks).Run();
  });
}

NamedTensors StateAt(const fs::path& out, int64_t step) {
  char folder[64];
  std::snprintf(folder, sizeof folder, "checkpoints/step-%010lld", static_cast<long long>(step));
  auto snapshot = train::ReadCheckpoint(out / folder);
  auto state = snapshot.tensors.at("model");
  for (const auto& entry : snapshot.tensors.at("memory")) state.push_back(entry);
  return state;
}

TEST(PoolSystemTest, RanksTrainTheSameWeightsAndMemory) {
  const ScratchFolder scratch("pool_ranks");
  Play(scratch.path() / "1", 1, kSteps);
  const auto alone = StateAt(scratch.path() / "1", kSteps);
  ASSERT_EQ(alone.size(), 4u);
  for (const int ranks : {2, 4}) {
    const auto out = scratch.path() / std::to_string(ranks);
    Play(out, ranks, kSteps);
    const auto state = StateAt(out, kSteps);
    for (size_t i = 0; i < alone.size(); ++i)
      EXPECT_LE(Distance(state[i].second, alone[i].second), 1e-9)
          << alone[i].first << " on " << ranks << " ranks";
  }
}

TEST(PoolSystemTest, ResumesBitEqually) {
  const ScratchFolder scratch("pool_resume");
  Play(scratch.path() / "whole", 2, kSteps);
  fs::create_directories(scratch.path() / "halves/checkpoints");
  fs::copy(scratch.path() / "whole/checkpoints/step-0000000010",
           scratch.path() / "halves/checkpoints/step-0000000010", fs::copy_options::recursive);
  Play(scratch.path() / "halves", 2, kSteps);
  const auto whole = StateAt(scratch.path() / "whole", kSteps),
             halves = StateAt(scratch.path() / "halves", kSteps);
  for (size_t i = 0; i < whole.size(); ++i)
    EXPECT_TRUE(torch::equal(halves[i].second, whole[i].second)) << whole[i].first;
  EXPECT_EQ(halves.back().second.item<int64_t>(), PoolSystem::kPool);
}

// g plays at even steps only, and d's rate goes down.
TEST(PoolSystemTest, PhasesHaveTheirOwnPace) {
  cluster::RunThreadRanks(1, [](cluster::Communicator& ranks) {
    const auto batch = cluster::MakeGlobalBatch(ranks);
    PoolSystem system(*batch);
    train::Trainer trainer(system, ranks, {});
    const auto weight = [&](const char* part) {
      for (const auto& [name, tensor] : recipes::TensorsOf(system, recipes::Role::kTrained))
        if (name.starts_with(part)) return tensor.detach().clone();
      return torch::Tensor();
    };
    const auto rows = SplitRows(kToyBatch, 0, 1);
    double last_move = 1e9;
    for (const int64_t step : {11, 15, 19}) {
      const auto g = weight("netG"), d = weight("netD");
      const auto report = trainer.Step(ToyBatch(step, rows, torch::kFloat64),
                                       {.seed = 1, .step = step, .dtype = torch::kFloat64, .steps = 20}, 1);
      EXPECT_EQ(report.terms.size(), 1u);
      EXPECT_TRUE(torch::equal(weight("netG"), g));
      const double move = (weight("netD") - d).abs().max().item<double>();
      EXPECT_LT(move, last_move);
      last_move = move;
    }
  });
}

}  // namespace
}  // namespace helio::testing
