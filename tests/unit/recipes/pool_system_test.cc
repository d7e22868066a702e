// A system with a memory part and phases of their own pace, through the product's trainer and session: the
// same weights and memory on any number of ranks, and after a resume.
#include "tests/unit/recipes/pool_system.h"

#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "dataio/loader.h"
#include "dataio/upload.h"
#include "src/train/session.h"
#include "tests/support/scratch_folder.h"
#include "tests/unit/dataio/small_set.h"
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

// The two data sets, of different sizes.
class PoolSystemTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const auto& [role, rows] : {std::pair{"photos", 7}, {"paintings", 10}}) {
      const auto folder = Scratch().path() / role;
      fs::create_directories(folder);
      Sets().emplace(role,
                     std::make_shared<const dataio::Dataset>(dataio::PackSmallSet(folder, rows), "train"));
    }
  }
  static void TearDownTestSuite() { Sets().clear(); }

  static void Play(const fs::path& out, int ranks, int64_t until);
  static void OpenInto(std::optional<dataio::Loader>& loader, const recipes::System& system,
                       const cluster::World& world, int64_t start) {
    std::vector<dataio::LoaderSource> sources;
    for (const auto& needs : system.Needs()) sources.push_back({Sets().at(needs.data), needs});
    loader.emplace(sources,
                   dataio::LoaderOptions{.global_batch = kToyBatch, .rank = world.rank, .ranks = world.size},
                   start);
  }
  static dataio::Batch Next(const recipes::System& system, dataio::Loader& loader) {
    auto batch = loader.Next();
    dataio::Upload(batch, system.Needs(), torch::kCPU, torch::kFloat64);
    return batch;
  }

 private:
  static const ScratchFolder& Scratch() {
    static const ScratchFolder scratch("pool_sets");
    return scratch;
  }
  static std::map<std::string, std::shared_ptr<const dataio::Dataset>>& Sets() {
    static auto& sets = *new std::map<std::string, std::shared_ptr<const dataio::Dataset>>;
    return sets;
  }
};

// Up to step `until` of a run of kSteps.
void PoolSystemTest::Play(const fs::path& out, int ranks, int64_t until) {
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    const auto batch = cluster::MakeGlobalBatch(communicator);
    PoolSystem system(*batch);
    train::Trainer trainer(system, communicator, {});
    cluster::MetricRegistry registry;
    train::TrainingMetrics metrics(registry, {});
    train::SessionHooks hooks;
    std::optional<dataio::Loader> loader;
    hooks.start_loading = [&](int64_t start) { OpenInto(loader, system, communicator.world(), start); };
    hooks.next_batch = [&] { return Next(system, *loader); };
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

TEST_F(PoolSystemTest, RanksTrainTheSameWeightsAndMemory) {
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

TEST_F(PoolSystemTest, ResumesBitEqually) {
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
TEST_F(PoolSystemTest, PhasesHaveTheirOwnPace) {
  cluster::RunThreadRanks(1, [](cluster::Communicator& ranks) {
    const auto batch = cluster::MakeGlobalBatch(ranks);
    PoolSystem system(*batch);
    train::Trainer trainer(system, ranks, {});
    const auto weight = [&](const char* part) {
      for (const auto& [name, tensor] : recipes::TensorsOf(system, recipes::Role::kTrained))
        if (name.starts_with(part)) return tensor.detach().clone();
      return torch::Tensor();
    };
    std::optional<dataio::Loader> loader;
    OpenInto(loader, system, ranks.world(), 0);
    double last_move = 1e9;
    for (const int64_t step : {11, 15, 19}) {
      const auto g = weight("netG"), d = weight("netD");
      const auto report = trainer.Step(Next(system, *loader),
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
