#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/base/noise.h"
#include "src/train/session.h"
#include "src/train/stop_signal.h"
#include "tests/unit/train/scratch.h"

// A whole run over ranks that are threads.
namespace helio::train {

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

  std::vector<int64_t> ScoredSteps() const {
    std::istringstream lines(ReadFile(out_ / "metrics.jsonl"));
    std::vector<int64_t> steps;
    for (std::string line; std::getline(lines, line);)
      if (const auto json = Json::parse(line); json.contains("scores")) steps.push_back(json.at("step"));
    return steps;
  }

  // Until the checkpoint that follows an evaluation has taken the place of the one before it.
  static void AwaitJudged(const fs::path& checkpoint) {
    while (InfoOf({checkpoint}).history.evaluation_pending)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
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

}  // namespace helio::train
