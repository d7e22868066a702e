#include <unistd.h>

#include <map>
#include <mutex>

#include "tests/unit/train/session_fixture.h"

// Ranks that are not like the others: slow, with other weights.
namespace helio::train {
namespace {

// A rank that computes for longer, while batch norm's sums make all the others wait for it inside the step.
class UnevenNumbers : public FourNumbers {
 public:
  UnevenNumbers(int rank, GlobalBatch& batch) : FourNumbers(rank, {}), slow_(rank == 1), batch_(batch) {}

  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& rows,
                                         const recipes::StepContext& context) override {
    usleep(slow_ ? 12'000 : 1'000);
    batch_.Sum(torch::ones({2}));
    return FourNumbers::Prepare(rows, context);
  }

 private:
  const bool slow_;
  GlobalBatch& batch_;
};

TEST_F(SessionTest, ASlowRankIsNamedThoughAllWaitForIt) {
  std::mutex mutex;
  std::map<int, std::string> exported;
  cluster::RunThreadRanks(3, [&](cluster::Communicator& communicator) {
    const auto batch = cluster::MakeGlobalBatch(communicator);
    UnevenNumbers system(communicator.rank(), *batch);
    Trainer trainer(system, communicator, {});
    cluster::MetricRegistry registry;
    TrainingMetrics metrics(registry, {});
    SessionHooks hooks;
    hooks.start_loading = [](int64_t) {};
    hooks.next_batch = [] { return dataio::Batch{}; };
    EXPECT_EQ(Session(system, trainer, communicator, metrics, Options(60), hooks).Run(), 0);
    const std::lock_guard lock(mutex);
    exported[communicator.rank()] = registry.Serialize();
  });
  for (const int rank : {0, 1, 2})
    EXPECT_THAT(exported[rank],
                testing::ContainsRegex("helio_rank_straggler[^\n]* " + std::to_string(rank == 1) + "\n"))
        << rank;
}

TEST_F(SessionTest, AResumedRunIsNeverAtStepZero) {
  EXPECT_EQ(Run(Options(4)), 0);
  cluster::RunThreadRanks(1, [&](cluster::Communicator& communicator) {
    FourNumbers system(0, {});
    Trainer trainer(system, communicator, {});
    cluster::MetricRegistry registry;
    TrainingMetrics metrics(registry, {});
    SessionHooks hooks;
    std::string before;  // the first step
    hooks.start_loading = [&](int64_t) { before = registry.Serialize(); };
    hooks.next_batch = [] { return dataio::Batch{}; };
    EXPECT_EQ(Session(system, trainer, communicator, metrics, Options(5), hooks).Run(), 0);
    EXPECT_THAT(before, testing::HasSubstr("\nhelio_step 4\n"));
    EXPECT_THAT(before, testing::HasSubstr("\nhelio_epoch 4\n"));
  });
}

// Another host may not see rank 0's folder: a checkpoint that it alone would write is waited for by nobody.
TEST_F(SessionTest, RanksAgreeOnWhoseCheckpointARunGoesOnFrom) {
  EXPECT_EQ(Run(Options(4)), 0);
  cluster::RunThreadRanks(3, [&](cluster::Communicator& communicator) {
    FourNumbers system(communicator.rank(), {});
    Trainer trainer(system, communicator, {});
    cluster::MetricRegistry registry;
    TrainingMetrics metrics(registry, {});
    auto options = Options(4);
    if (communicator.rank() == 2) options.out = scratch_.path() / "of-another-host";
    const SessionHooks hooks{};
    const CheckpointKeeper checkpoints(system, trainer, communicator, metrics, options, hooks);
    EXPECT_FALSE(checkpoints.BeginsAnotherPast((out_ / "checkpoints/step-0000000004").string()));
    EXPECT_TRUE(checkpoints.BeginsAnotherPast((out_ / "step-0000000004").string()));
  });
}

// An old copy of --damsm on one host.
TEST_F(SessionTest, ARankWithOtherFrozenNetworksIsNamedAtTheStart) {
  more_ = [](int rank, SessionOptions& options, SessionHooks&) {
    options.identity.frozen = rank == 1 ? "old" : "new";
  };
  EXPECT_THAT(ErrorOf(Options(4), {}),
              testing::ContainsRegex("frozen networks: rank 1 has old, the others have new"));
  EXPECT_TRUE(Checkpoints().empty());
}

enum class Holder { kWeight, kStatistic, kAverage };

// From step 5 on rank 1 holds another value than the others: a bit has flipped in its memory.
class FlippedBit : public FourNumbers {
 public:
  FlippedBit(int rank, Holder holder) : FourNumbers(rank, {}), rank_(rank), holder_(holder) {}

  std::vector<recipes::Round> Rounds() override {
    auto rounds = FourNumbers::Rounds();
    rounds[0][0].optimizer.ema_decay = 0.9;
    return rounds;
  }
  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& rows,
                                         const recipes::StepContext& context) override {
    if (rank_ == 1 && context.step == 5) {
      const torch::NoGradGuard no_grad;
      HeldBy(holder_).view({-1})[0] += 1;
    }
    return FourNumbers::Prepare(rows, context);
  }
  Trainer* trainer = nullptr;

 private:
  torch::Tensor HeldBy(Holder holder) const {
    if (holder == Holder::kAverage) return trainer->AverageState()[0].second;
    return Parts()[0].tensors[holder == Holder::kWeight ? 0 : 1].second;
  }
  const int rank_;
  const Holder holder_;
};

class WeightsThatDiffer : public SessionTest {
 protected:
  // What three ranks end with; empty: in order.
  std::string ErrorOf(const SessionOptions& options, Holder holder) const {
    try {
      cluster::RunThreadRanks(3, [&](cluster::Communicator& communicator) {
        FlippedBit system(communicator.rank(), holder);
        Trainer trainer(system, communicator, {});
        system.trainer = &trainer;
        cluster::MetricRegistry registry;
        TrainingMetrics metrics(registry, {});
        SessionHooks hooks;
        hooks.start_loading = [](int64_t) {};
        hooks.next_batch = [] { return dataio::Batch{}; };
        Session(system, trainer, communicator, metrics, options, hooks).Run();
      });
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 75) << error.what();
      return error.what();
    }
    return "";
  }
};

TEST_F(WeightsThatDiffer, AreFoundAtTheNextCheckAndNotSaved) {
  auto options = Options(16);
  options.check_weights_every = 8;
  const auto error = ErrorOf(options, Holder::kWeight);
  EXPECT_THAT(error, testing::ContainsRegex("step 8: .*: rank 1 .*w of numbers"));
  EXPECT_EQ(Checkpoints(), std::vector<int64_t>{4});
}

TEST_F(WeightsThatDiffer, AreFoundAmongAveragesAndStatistics) {
  auto options = Options(8);
  options.check_weights_every = 1;
  EXPECT_THAT(ErrorOf(options, Holder::kAverage),
              testing::ContainsRegex("step 6: .*: rank 1 .*w of the moving averages"));
  EXPECT_THAT(ErrorOf(options, Holder::kStatistic),
              testing::ContainsRegex("step 6: .*: rank 1 .*norm.running_mean of numbers"));
}

TEST_F(WeightsThatDiffer, AreNoneWhereStatisticsAreLocalOrNobodyLooks) {
  auto options = Options(8);
  options.check_weights_every = 1;
  options.same_statistics = false;
  EXPECT_EQ(ErrorOf(options, Holder::kStatistic), "");
  options.resume = "none";
  options.check_weights_every = 0;
  EXPECT_EQ(ErrorOf(options, Holder::kWeight), "");
}

class WeightsAtTheStart : public SessionTest {
 protected:
  // Of three ranks, the weights of the second of which are `second`, the others' 1. Empty: in order.
  std::string ErrorWith(double second) const {
    try {
      cluster::RunThreadRanks(3, [&](cluster::Communicator& communicator) {
        FlippedBit system(communicator.rank(), {});
        const auto weight = system.Parts()[0].tensors[0].second;
        weight.detach().fill_(communicator.rank() == 1 ? second : 1);
        Trainer trainer(system, communicator, {});
        cluster::MetricRegistry registry;
        TrainingMetrics metrics(registry, {});
        SessionHooks hooks;
        hooks.start_loading = [](int64_t) {};
        Session(system, trainer, communicator, metrics, Options(0), hooks).Run();
        EXPECT_TRUE(weight.detach().eq(1).all().item<bool>());
        EXPECT_TRUE(trainer.AverageState()[0].second.detach().eq(1).all().item<bool>());
      });
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

// Another processor, or another number of threads, has other last bits of what an initialiser computes.
TEST_F(WeightsAtTheStart, AreThoseOfRankZeroWhereOnlyRoundingDiffers) { EXPECT_EQ(ErrorWith(1.000001), ""); }

TEST_F(WeightsAtTheStart, AreRefusedWhereTheyAreOthers) {
  EXPECT_THAT(ErrorWith(1.01), testing::ContainsRegex("initial weights: rank 1 has .*, the others have "));
  EXPECT_THAT(ErrorWith(NAN), testing::ContainsRegex("initial weights: rank 1 has .*, the others have "));
  EXPECT_TRUE(Checkpoints().empty());
}

}  // namespace
}  // namespace helio::train
