#include "src/train/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/base/noise.h"
#include "src/train/stop_signal.h"
#include "tests/unit/train/scratch.h"

// A whole run over ranks that are threads: what happens to it on signals and on gradients that are not
// finite.
namespace helio::train {
namespace {

namespace fs = std::filesystem;

// What makes the loss of a step NaN.
using Diverges = std::function<bool(int rank, const recipes::StepContext&)>;

// One player that pulls four numbers towards noise; its running statistic counts the forward passes.
class FourNumbers : public recipes::System {
 public:
  FourNumbers(int rank, Diverges diverges, Diverges leaps = {})
      : rank_(rank), diverges_(std::move(diverges)), leaps_(std::move(leaps)) {}

  std::vector<recipes::Round> Rounds() override {
    recipes::Phase phase;
    phase.name = "g";
    phase.parameters = {{"w", w_}};
    // A finite gradient and a rate that no weight stays finite under.
    phase.rate = [this](const recipes::StepContext& at) { return leaps_ && leaps_(rank_, at) ? 1e300 : 1.0; };
    phase.loss = [this](recipes::Step& step) {
      const auto& own = static_cast<Values&>(step);
      const auto loss = (w_ - own.target).square().sum();
      return losses::LossTerms{{"distance", own.bad ? loss * NAN : loss}};
    };
    return {{phase}};
  }

  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch&, const recipes::StepContext& context) override {
    auto step = std::make_unique<Values>();
    step->target =
        NormalRows(RandomKey(context.seed, "target", {context.step}), {0, 1, 1}, {4}, torch::kFloat32);
    step->bad = diverges_ && diverges_(rank_, context);
    mean_.variable_data() += step->bad ? NAN : 1;
    return step;
  }

  std::vector<dataio::DomainNeeds> Needs() const override { return {}; }
  std::vector<recipes::Part> Parts() const override {
    return {{"numbers", recipes::Role::kTrained, {{"w", w_}, {"norm.running_mean", mean_}}}};
  }

 private:
  struct Values : recipes::Step {
    torch::Tensor target;
    bool bad = false;
  };

  const int rank_;
  const Diverges diverges_, leaps_;
  const torch::Tensor w_ = torch::zeros({4}).requires_grad_();
  const torch::Tensor mean_ = torch::zeros({1});
};

class SessionTest : public testing::Test {
 protected:
  void TearDown() override { RaiseStop(0); }

  SessionOptions Options(int64_t steps) const {
    SessionOptions options;
    options.out = out_;
    options.steps = steps;
    options.log_every = 1;
    options.checkpoint_every = 4;
    options.retention.keep_last = 100;
    options.max_bad_steps = 3;
    options.texts["run.flags"] = "--seed=1\n";
    return options;
  }

  // A session on two ranks; its exit code. `at_batch` sees the number of every batch that is fetched.
  int Run(const SessionOptions& options, const Diverges& diverges = {},
          const std::function<void(int rank, int64_t step)>& at_batch = {}, const Diverges& leaps = {}) {
    std::atomic<int> code{-1};
    cluster::RunThreadRanks(2, [&](cluster::Communicator& communicator) {
      const int rank = communicator.rank();
      FourNumbers recipe(rank, diverges, leaps);
      Trainer trainer(recipe, communicator, {});
      cluster::MetricRegistry registry;
      TrainingMetrics metrics(registry, {});
      SessionHooks hooks;
      int64_t step = 0;
      hooks.start_loading = [&](int64_t start) { step = start; };
      hooks.next_batch = [&] {
        if (at_batch) at_batch(rank, step);
        ++step;
        return dataio::Batch{};
      };
      auto own_options = options;
      if (more_) more_(rank, own_options, hooks);
      Session session(recipe, trainer, communicator, metrics, own_options, hooks);
      const int own = session.Run();
      if (rank == 0) code = own;
    });
    return code;
  }

  std::string ErrorOf(const SessionOptions& options, const Diverges& diverges, const Diverges& leaps = {}) {
    try {
      Run(options, diverges, {}, leaps);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 1) << error.what();
      return error.what();
    }
    return "";
  }

  std::vector<int64_t> LoggedSteps() const {
    std::istringstream lines(ReadFile(out_ / "metrics.jsonl"));
    std::vector<int64_t> steps;
    for (std::string line; std::getline(lines, line);) steps.push_back(Json::parse(line).at("step"));
    return steps;
  }

  std::vector<int64_t> Checkpoints() const {
    std::vector<int64_t> steps;
    for (const auto& entry : ListCheckpoints(out_ / "checkpoints")) steps.push_back(entry.step);
    return steps;
  }

  torch::Tensor State(int64_t step, const std::string& wanted) const {
    char folder[64];
    std::snprintf(folder, sizeof folder, "checkpoints/step-%010lld", static_cast<long long>(step));
    const auto snapshot = ReadCheckpoint(out_ / folder);
    for (const auto& [name, tensor] : snapshot.tensors.at("model"))
      if (name == wanted) return tensor;
    return {};
  }
  torch::Tensor Weights(int64_t step) const { return State(step, "w"); }

  static std::vector<int64_t> UpTo(int64_t last) {
    std::vector<int64_t> steps(static_cast<size_t>(last));
    std::iota(steps.begin(), steps.end(), 1);
    return steps;
  }

  std::function<void(int rank, SessionOptions& options, SessionHooks& hooks)> more_;
  const ScratchFolder scratch_{"session"};
  const fs::path out_ = scratch_.path();
};

TEST_F(SessionTest, ABadGradientOnOneRankIsLeftOutOnAll) {
  const Diverges diverges = [](int rank, const auto& c) { return rank == 1 && c.step == 2; };
  for (const int64_t steps : {2, 3, 4}) EXPECT_EQ(Run(Options(steps), diverges), 0);
  EXPECT_TRUE(torch::equal(Weights(3), Weights(2)));
  EXPECT_FALSE(torch::equal(Weights(4), Weights(3)));
}

TEST_F(SessionTest, AfterTooManyBadStepsItGoesBackAndDrawsOtherNoise) {
  // Diverges with the first noise only.
  EXPECT_EQ(Run(Options(12), [](int, const auto& c) { return c.seed == 1 && c.step >= 5; }), 0);
  EXPECT_EQ(LoggedSteps(), UpTo(12));
  EXPECT_TRUE(Weights(12).isfinite().all().item<bool>());
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.at("rollbacks"), 1);
}

TEST_F(SessionTest, ThereIsNoCheckpointAmongBadSteps) {
  EXPECT_EQ(Run(Options(12), [](int, const auto& c) { return c.seed == 1 && c.step >= 6 && c.step < 9; }), 0);
  EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{12, 8, 4}));
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.at("rollback_step"), 4);
}

TEST_F(SessionTest, ABadStepLeavesNoTraceInRunningStatistics) {
  auto options = Options(3);
  EXPECT_EQ(Run(options, [](int rank, const auto& c) { return rank == 0 && c.step == 1; }), 0);
  EXPECT_EQ(State(3, "norm.running_mean").item<float>(), 2);  // of steps 0 and 2
}

TEST_F(SessionTest, AResumedRunRemembersItsRollback) {
  const Diverges diverges = [](int, const auto& c) { return c.seed == 1 && c.step >= 5; };
  EXPECT_EQ(Run(Options(16), diverges), 0);
  const auto whole = Weights(16);
  fs::remove_all(out_);
  EXPECT_EQ(Run(Options(8), diverges), 0);
  EXPECT_EQ(Run(Options(16), diverges), 0);
  EXPECT_TRUE(torch::equal(Weights(16), whole));
}

TEST_F(SessionTest, TwiceBackToTheSameCheckpointIsHopeless) {
  EXPECT_THAT(ErrorOf(Options(12), [](int, const auto& c) { return c.step >= 5; }),
              testing::HasSubstr("also after a rollback"));
  EXPECT_EQ(Checkpoints(), std::vector<int64_t>{4});
}

TEST_F(SessionTest, WeightsThatAreNotFiniteAreNeverSavedAndOneStepOfThemIsEnough) {
  const Diverges once = [](int, const auto& c) { return c.seed == 1 && c.step == 5; };
  EXPECT_EQ(Run(Options(12), {}, {}, once), 0);
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.at("rollback_step"), 4);
  for (const int64_t step : Checkpoints()) EXPECT_TRUE(Weights(step).isfinite().all().item<bool>()) << step;
  fs::remove_all(out_);
  // In the last step, and with a signal in it.
  const Diverges last = [](int, const auto& c) { return c.step == 5; };
  EXPECT_THAT(ErrorOf(Options(6), {}, last), testing::HasSubstr("not finite, also after a rollback"));
  EXPECT_EQ(Checkpoints(), std::vector<int64_t>{4});
  fs::remove_all(out_);
  const Diverges first = [](int, const auto& c) { return c.step == 0; };
  EXPECT_THAT(ErrorOf(Options(6), {}, first), testing::HasSubstr("no checkpoint to go back to"));
}

TEST_F(SessionTest, WithoutACheckpointThereIsNoWayBack) {
  EXPECT_THAT(ErrorOf(Options(12), [](int, const auto&) { return true; }),
              testing::HasSubstr("there is no checkpoint"));
}

TEST_F(SessionTest, WhereThereIsNoWayBackTheRecordStays) {
  auto options = Options(12);
  options.checkpoint_every = 0;
  EXPECT_THAT(ErrorOf(options, [](int, const auto& c) { return c.step >= 5; }),
              testing::HasSubstr("there is no checkpoint"));
  EXPECT_EQ(LoggedSteps(), UpTo(7));
}

TEST_F(SessionTest, AFailingEvaluationLosesNothing) {
  auto options = Options(12);
  options.evaluate_every = 4;
  int64_t fails_at = -1;
  more_ = [&](int rank, SessionOptions&, SessionHooks& hooks) {
    hooks.evaluate = [&, rank](int64_t step) -> std::vector<recipes::ValidationScore> {
      if (rank == 1 && step == fails_at) ThrowUser("a judge that cannot judge");
      return {{.name = "score", .value = static_cast<double>(step)}};
    };
  };
  EXPECT_EQ(Run(options), 0);
  const auto whole = ReadFile(out_ / "metrics.jsonl");
  const auto weights = Weights(12);
  fs::remove_all(out_);
  fails_at = 8;
  EXPECT_THAT(ErrorOf(options, {}), testing::HasSubstr("cannot judge"));
  EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.at("evaluation_pending"), 1);
  fails_at = -1;
  EXPECT_EQ(Run(options), 0);
  EXPECT_TRUE(torch::equal(Weights(12), weights));
  EXPECT_EQ(std::ranges::count(ReadFile(out_ / "metrics.jsonl"), '\n'), std::ranges::count(whole, '\n'));
  EXPECT_EQ(ReadCheckpoint(out_ / "checkpoints/step-0000000008").info.at("evaluation_pending"), 0);
}

TEST_F(SessionTest, RanksThatWouldWaitAtOtherStepsAreNamed) {
  more_ = [](int rank, SessionOptions& options, SessionHooks&) {
    options.cadence = {{"log_every", rank == 1 ? "20" : "10"}};
  };
  EXPECT_THAT(ErrorOf(Options(4), {}), testing::HasSubstr("log_every: rank 1 has 20, the others have 10"));
}

TEST_F(SessionTest, SamplesThatCannotBeWrittenEndNothing) {
  auto options = Options(4);
  options.sample_every = 2;
  more_ = [](int, SessionOptions&, SessionHooks& hooks) {
    hooks.draw_samples = [](int64_t) { throw Error(ErrorKind::kSystem, "the disk is full", "samples", ""); };
  };
  EXPECT_EQ(Run(options), 0);
}

TEST_F(SessionTest, ACheckpointOfAnotherFolderIsAWayBack) {
  EXPECT_EQ(Run(Options(4)), 0);
  const auto elsewhere = scratch_.path() / "elsewhere";
  fs::rename(out_ / "checkpoints/step-0000000004", elsewhere);
  auto options = Options(12);
  options.checkpoint_every = 100;
  options.resume = elsewhere.string();
  EXPECT_EQ(Run(options, [](int, const auto& c) { return c.seed == 1 && c.step >= 5; }), 0);
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.at("rollback_step"), 4);
}

TEST_F(SessionTest, ASignalOnOneRankEndsAllAfterACheckpoint) {
  const auto options = Options(12);
  EXPECT_EQ(Run(options), 0);
  const auto whole = Weights(12);
  fs::remove_all(out_);
  const auto stop_at = [](int64_t at) {
    return [at](int rank, int64_t step) {
      if (rank == 1 && step == at) RaiseStop(SIGUSR1);
    };
  };
  EXPECT_EQ(Run(options, {}, stop_at(5)), options.exit_code_requeue);
  EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{6, 4}));
  RaiseStop(0);
  EXPECT_EQ(Run(options), 0);
  EXPECT_EQ(LoggedSteps(), UpTo(12));
  EXPECT_TRUE(torch::equal(Weights(12), whole));
}

TEST_F(SessionTest, ASignalInTheLastStepIsNoInterruption) {
  EXPECT_EQ(Run(Options(4), {},
                [](int, int64_t step) {
                  if (step == 3) RaiseStop(SIGTERM);
                }),
            0);
}

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

// The exit status of a process in which `body` runs.
int StatusOf(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StopSignals, TwoAtOnceAreOneWish) {
  EXPECT_EQ(StatusOf([] {
              InstallStopSignals();
              raise(SIGTERM);
              raise(SIGTERM);
              return StopSignalReceived() == SIGTERM ? 7 : 1;
            }),
            7);
}

TEST(StopSignals, ALaterSecondOneEndsAtOnce) {
  EXPECT_EQ(StatusOf([] {
              InstallStopSignals();
              raise(SIGTERM);
              usleep(1'100'000);
              raise(SIGTERM);
              return 7;
            }),
            128 + SIGTERM);
}

}  // namespace
}  // namespace helio::train
