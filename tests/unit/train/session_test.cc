#include <thread>

#include "tests/unit/train/session_fixture.h"

// What becomes of a run on signals, and where evaluations or pictures fail.
namespace helio::train {
namespace {

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

TEST_F(SessionTest, AnEvaluationIsLeftToTheResumedRun) {
  auto options = Options(4);
  options.evaluate_every = 4;
  std::atomic<int> judged = 0;
  more_ = [&](int, SessionOptions&, SessionHooks& hooks) {
    hooks.evaluate = [&](int64_t step) -> std::vector<recipes::ValidationScore> {
      ++judged;
      return {{.name = "score", .value = static_cast<double>(step)}};
    };
  };
  const auto stop = [](int, int64_t step) {
    if (step == 3) RaiseStop(SIGTERM);
  };
  EXPECT_EQ(Run(options, {}, stop), options.exit_code_requeue);
  EXPECT_EQ(judged, 0);
  EXPECT_TRUE(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.evaluation_pending);
  RaiseStop(0);
  EXPECT_EQ(Run(options), 0);
  EXPECT_EQ(judged, 2);  // once a rank
}

// The requeue code of a run that has all its steps would be started again for ever.
TEST_F(SessionTest, AnEvaluationThatNobodyMakesAnyMoreKeepsNoRunFromItsEnd) {
  auto options = Options(4);
  options.evaluate_every = 4;
  more_ = [](int rank, SessionOptions&, SessionHooks& hooks) {
    hooks.evaluate = [rank](int64_t) -> std::vector<recipes::ValidationScore> {
      if (rank == 1) ThrowUser("a judge that cannot judge");
      return {};
    };
  };
  EXPECT_THAT(ErrorOf(options, {}), testing::HasSubstr("cannot judge"));
  EXPECT_TRUE(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.evaluation_pending);
  more_ = nullptr;
  EXPECT_EQ(Run(Options(4)), 0);
  EXPECT_EQ(Run(Options(6)), 0);
  EXPECT_FALSE(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.evaluation_pending);
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
  EXPECT_TRUE(ReadNewestCheckpoint(out_ / "checkpoints")->info.history.evaluation_pending);
  fails_at = -1;
  EXPECT_EQ(Run(options), 0);
  EXPECT_TRUE(torch::equal(Weights(12), weights));
  EXPECT_EQ(std::ranges::count(ReadFile(out_ / "metrics.jsonl"), '\n'), std::ranges::count(whole, '\n'));
  EXPECT_FALSE(ReadCheckpoint(out_ / "checkpoints/step-0000000008").info.history.evaluation_pending);
}

TEST_F(SessionTest, SamplesThatCannotBeWrittenEndNothing) {
  auto options = Options(4);
  options.sample_every = 2;
  more_ = [](int, SessionOptions&, SessionHooks& hooks) {
    hooks.draw_samples = [](int64_t) { throw Error(ErrorKind::kSystem, "the disk is full", "samples", ""); };
  };
  EXPECT_EQ(Run(options), 0);
}

// The one phase here has a rate of its own.
TEST_F(SessionTest, AScheduleThatNobodyFollowsIsSaidToDoNothing) {
  const auto said = [&](Schedule schedule) {
    auto options = Options(1);
    options.schedule = schedule;
    options.resume = "none";
    testing::internal::CaptureStderr();
    EXPECT_EQ(Run(options), 0);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(said(Schedule::kLinearTail), testing::HasSubstr("--schedule=linear_tail does nothing here"));
  EXPECT_THAT(said(Schedule::kConstant), testing::Not(testing::HasSubstr("does nothing here")));
}

TEST_F(SessionTest, AResumeWithOtherWeightGradientsSaysSo) {
  const auto said = [&](int64_t steps, const std::string& weight_gradient) {
    auto options = Options(steps);
    options.weight_gradient = weight_gradient;
    testing::internal::CaptureStderr();
    EXPECT_EQ(Run(options), 0);
    return testing::internal::GetCapturedStderr();
  };
  const auto warning = testing::HasSubstr("weight gradients: by taps in the checkpoint, by library");
  EXPECT_THAT(said(4, "taps"), testing::Not(testing::HasSubstr("weight gradients")));
  EXPECT_THAT(said(6, "taps"), testing::Not(testing::HasSubstr("weight gradients")));
  EXPECT_THAT(said(8, "library"), warning);
  EXPECT_EQ(InfoOf({out_ / "checkpoints/step-0000000008"}).weight_gradient, "library");
}

TEST_F(SessionTest, AProfileHasTheWaitForData) {
  more_ = [](int rank, SessionOptions& options, SessionHooks&) {
    if (rank == 0) options.profile = "2-4";  // one at a time in a process
  };
  const auto slow = [](int, int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(10)); };
  testing::internal::CaptureStderr();
  const auto code = Run(Options(5), {}, slow);
  const auto said = testing::internal::GetCapturedStderr();
  ASSERT_EQ(code, 0) << said;
  const auto trace = Json::parse(ReadFile(out_ / "profile/rank-0.json"));
  EXPECT_EQ(std::ranges::count_if(
                trace.at("traceEvents"),
                [](const auto& event) { return event.at("name") == "data_wait" && event.at("ph") == "X"; }),
            3);
  EXPECT_THAT(said.substr(0, said.find("operator, on the host")), testing::HasSubstr("  data_wait\n"));
}

}  // namespace
}  // namespace helio::train
