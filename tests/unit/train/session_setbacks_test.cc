#include "tests/unit/train/session_fixture.h"

// What becomes of a run whose gradients or weights are not finite.
namespace helio::train {
namespace {

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
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollbacks, 1);
}

TEST_F(SessionTest, ThereIsNoCheckpointAmongBadSteps) {
  EXPECT_EQ(Run(Options(12), [](int, const auto& c) { return c.seed == 1 && c.step >= 6 && c.step < 9; }), 0);
  EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{12, 8, 4}));
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollback_step, 4);
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

TEST_F(SessionTest, NoWayBackLeadsToWhatASignalSavedAmongBadSteps) {
  const Diverges diverges = [](int, const auto& c) { return c.seed == 1 && c.step >= 5; };
  for (const int keep_last : {100, 1}) {
    fs::remove_all(out_);
    auto options = Options(12);
    options.retention.keep_last = keep_last;
    const auto stop = [](int, int64_t step) {
      if (step == 5) RaiseStop(SIGTERM);
    };
    EXPECT_EQ(Run(options, diverges, stop), options.exit_code_requeue);
    EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.bad_steps, 1);
    EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{6, 4}));
    RaiseStop(0);
    EXPECT_EQ(Run(options, diverges), 0);
    EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollback_step, 4);
    EXPECT_EQ(Checkpoints(), keep_last == 1 ? std::vector<int64_t>{12} : (std::vector<int64_t>{12, 8, 4}));
  }
}

TEST_F(SessionTest, TwiceBackToTheSameCheckpointIsHopeless) {
  EXPECT_THAT(ErrorOf(Options(12), [](int, const auto& c) { return c.step >= 5; }),
              testing::HasSubstr("also after a rollback"));
  EXPECT_EQ(Checkpoints(), std::vector<int64_t>{4});
}

TEST_F(SessionTest, WeightsThatAreNotFiniteAreNeverSavedAndOneStepOfThemIsEnough) {
  const Diverges once = [](int, const auto& c) { return c.seed == 1 && c.step == 5; };
  EXPECT_EQ(Run(Options(12), {}, {}, once), 0);
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollback_step, 4);
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

// The write behind an evaluation was lost: who goes back comes to the one before it, and the record has had
// that step's scores taken out.
TEST_F(SessionTest, AWayBackToAnEvaluationThatIsMissingBeginsWithIt) {
  auto options = Options(12);
  options.evaluate_every = 8;
  const auto folder = out_ / "checkpoints/step-0000000008", before = scratch_.path() / "before";
  more_ = [&](int rank, SessionOptions&, SessionHooks& hooks) {
    hooks.evaluate = [&, rank](int64_t step) -> std::vector<recipes::ValidationScore> {
      if (rank == 0 && step == 8 && !Exists(before)) fs::copy(folder, before);
      return {{.name = "score", .value = 1}};
    };
  };
  bool lost = false;
  const auto at_batch = [&](int rank, int64_t step) {
    if (rank > 0 || step != 9 || std::exchange(lost, true)) return;
    AwaitJudged(folder);
    fs::remove_all(folder);
    fs::rename(before, folder);
  };
  EXPECT_EQ(Run(
                options, [](int, const auto& c) { return c.seed == 1 && c.step >= 9; }, at_batch),
            0);
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollback_step, 8);
  EXPECT_FALSE(ReadCheckpoint(folder).info.history.evaluation_pending);
  EXPECT_EQ(ScoredSteps(), (std::vector<int64_t>{8, 12}));
}

TEST_F(SessionTest, ScoresOfThePastThatWasGivenUpAreNoCheckpoints) {
  auto options = Options(12);
  options.evaluate_every = 4;
  options.retention.keep_best = "score";
  const auto folder = out_ / "checkpoints/step-0000000008";
  int judged = 0;  // by rank 0, at step 8
  more_ = [&](int rank, SessionOptions&, SessionHooks& hooks) {
    hooks.evaluate = [&, rank](int64_t step) -> std::vector<recipes::ValidationScore> {
      if (rank == 0 && step == 8 && ++judged == 2) {
        EXPECT_TRUE(InfoOf({folder, 8}).scores.is_null());
      }
      return {{.name = "score", .value = 1}};
    };
  };
  const auto at_batch = [&](int rank, int64_t step) {
    if (rank > 0 || step != 9 || judged > 1) return;
    AwaitJudged(folder);
    fs::remove(folder / "model.safetensors");
  };
  EXPECT_EQ(Run(
                options, [](int, const auto& c) { return c.seed == 1 && c.step >= 9; }, at_batch),
            0);
  EXPECT_EQ(judged, 2);
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollback_step, 4);
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

TEST_F(SessionTest, AStartThatIsRefusedChangesNothing) {
  EXPECT_EQ(Run(Options(12)), 0);
  auto snapshot = ReadCheckpoint(out_ / "checkpoints/step-0000000004");
  snapshot.tensors.at("model").front().second = torch::zeros({5});
  const auto elsewhere = scratch_.path() / "elsewhere";
  WriteCheckpoint(elsewhere, snapshot);
  auto options = Options(12);
  options.resume = (elsewhere / "step-0000000004").string();
  EXPECT_NE(ErrorOf(options, {}), "");
  EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{12, 8, 4}));
  EXPECT_EQ(LoggedSteps(), UpTo(12));
}

TEST_F(SessionTest, AnEarlierCheckpointOfTheFolderKeepsWhatItSays) {
  EXPECT_EQ(Run(Options(12)), 0);
  auto options = Options(12);
  options.resume = (out_ / "checkpoints/step-0000000004").string();
  const auto before = ReadFile(out_ / "checkpoints/step-0000000004/manifest.json");
  EXPECT_EQ(Run(options), 0);
  EXPECT_EQ(ReadFile(out_ / "checkpoints/step-0000000004/manifest.json"), before);
  EXPECT_TRUE(Exists(out_ / "checkpoints/set-aside/step-0000000008-1"));
  EXPECT_EQ(LoggedSteps(), UpTo(12));
}

TEST_F(SessionTest, WhoStartsAnewLosesNothingOfTheRunBefore) {
  EXPECT_EQ(Run(Options(4)), 0);
  auto options = Options(8);
  options.resume = "none";
  EXPECT_EQ(Run(options), 0);
  EXPECT_EQ(LoggedSteps(), UpTo(8));
  EXPECT_TRUE(Exists(out_ / "set-aside/metrics-1.jsonl"));
  EXPECT_TRUE(Exists(out_ / "checkpoints/set-aside/step-0000000004-1"));
}

TEST_F(SessionTest, ACheckpointOfAnotherFolderIsAWayBack) {
  EXPECT_EQ(Run(Options(4)), 0);
  const auto elsewhere = scratch_.path() / "elsewhere";
  fs::rename(out_ / "checkpoints/step-0000000004", elsewhere);
  auto options = Options(12);
  options.checkpoint_every = 100;
  options.resume = elsewhere.string();
  EXPECT_EQ(Run(options, [](int, const auto& c) { return c.seed == 1 && c.step >= 5; }), 0);
  EXPECT_EQ(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.rollback_step, 4);
}

TEST_F(SessionTest, AFolderThatIsRemovedIsMadeAgainWithAllThatItsCheckpointsNeed) {
  std::atomic<int> started = 0;
  more_ = [&](int, SessionOptions&, SessionHooks& hooks) { hooks.started = [&] { ++started; }; };
  const auto at_batch = [&](int rank, int64_t step) {
    if (rank > 0 || step != 5) return;
    while (Checkpoints().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    fs::remove_all(out_);
  };
  EXPECT_EQ(Run(Options(12), {}, at_batch), 0);
  EXPECT_EQ(started, 2);
  EXPECT_TRUE(Exists(out_ / "run.flags"));
  EXPECT_TRUE(Exists(out_ / ".lock"));
  EXPECT_EQ(Checkpoints(), (std::vector<int64_t>{12, 8}));
  EXPECT_EQ(LoggedSteps(), (std::vector<int64_t>{6, 7, 8, 9, 10, 11, 12}));
}

}  // namespace
}  // namespace helio::train
