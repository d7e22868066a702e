#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "cluster/flat_adam.h"
#include "cluster/gradient_reducer.h"
#include "cluster/parameter_group.h"
#include "src/base/moment.h"
#include "src/base/precision.h"
#include "src/base/tensor.h"
#include "src/recipes/system.h"
#include "src/train/statistics_snapshot.h"
#include "src/train/step_recording.h"
#include "src/train/step_report.h"

namespace helio::train {

struct Player;

struct TrainerOptions {
  cluster::ReducerOptions reducer = {};
  // A step's gradients are the mean over that many micro-batches and are reduced once. Batch-norm statistics,
  // wrong pairs and negatives are those of a micro-batch; each has noise of its own.
  int accumulate = 1;
  Precision precision = Precision::kFloat32;  // of forward passes
  // Forward and backward passes on a CUDA device are captured once and launched as a few graphs a step.
  bool cuda_graph = false;

  void Declare(OptionList& list);
};

// Plays a system's game: per round, each phase's backward with its all-reduce under the next phase's compute,
// then all updates. Members are collective where they do not say that they are local. One thread.
class Trainer {
 public:
  // Brings the system's parts to the communicator's device. Where cuda_graph is asked for and steps cannot be
  // captured, rank 0 warns, and they are played as they are.
  Trainer(recipes::System& system, cluster::Communicator& communicator, const TrainerOptions& options);
  ~Trainer();

  // One update of every phase. `micro_batches`: as many global batches (this rank's rows of each) as options
  // accumulate; what the system prepares of each lives until the end of the step. `rate_factor` scales the
  // learning rate of every phase that has no rate of its own.
  StepReport Step(std::span<const dataio::Batch> micro_batches, const recipes::StepContext& context,
                  double rate_factor);
  StepReport Step(const dataio::Batch& batch, const recipes::StepContext& context, double rate_factor) {
    return Step(std::span(&batch, 1), context, rate_factor);
  }
  int accumulate() const { return options_.accumulate; }
  bool captures() const { return captures_; }  // steps, as CUDA graphs
  // Whether there is a phase that has no rate of its own. Local.
  bool follows_schedule() const;
  // Moments lie in shards: OptimizerState is collective.
  bool shards() const { return options_.reducer.shard_optimizer; }

  // Moments and step counts of all phases, by parameter name, the same for any number of ranks: views, or
  // copies on the host, put together from all ranks phase by phase, with shard_optimizer.
  NamedTensors OptimizerState() const;
  // After what OptimizerState returned has been written to, on all ranks: the optimizers go on from it.
  void RestoreOptimizer(const NamedTensors& state);
  // Moving averages, by parameter name; views. Only of phases that have one. Local.
  NamedTensors AverageState() const;

  // Sets the moving averages to the parameters: at the start of a run, after the initial weights are the same
  // everywhere.
  void ResetAverages();

  // While it lives, the parameters that have a moving average hold it: no step is taken meanwhile, and there
  // is no second one (each of them swaps). Local.
  class [[nodiscard]] UseAverages {
   public:
    explicit UseAverages(Trainer& trainer);
    UseAverages(const UseAverages&) = delete;
    UseAverages& operator=(const UseAverages&) = delete;
    ~UseAverages();

   private:
    Trainer& trainer_;
  };

 private:
  // Why steps cannot be captured, in words; empty: they can.
  std::string WhyNotCaptured() const;
  // What holds the work of a step on such a batch; null: nothing.
  StepRecording* RecordingFor(const dataio::Batch& batch);

  // Where a backward pass stands in a step: it starts the gradients' sum, it sends the sum, or neither.
  struct Turn {
    size_t micro_batch;
    bool last;
    bool first() const { return micro_batch == 0; }
  };
  using Players = std::vector<std::unique_ptr<Player>>;

  // A step under way: its micro-batches' values, and what the functions below need of it.
  struct Game {
    const recipes::StepContext& context;
    const double rate_factor;
    StepRecording* recording = nullptr;  // of its device work; null: it is played as it is
    std::vector<std::unique_ptr<recipes::Step>> steps = {};  // none where recorded work is launched
    StepReport report = {};

    // Whether the device's work comes from a recording.
    bool launches() const { return recording && recording->launches(); }
  };
  // Terms that were computed under the earlier round's all-reduces, if there was one.
  using EarlyTerms = std::optional<recipes::LossTerms>;
  // body(Player&), in the order of rounds and phases.
  template <typename F>
  void ForEachPlayer(F body) const {
    for (const auto& players : rounds_)
      for (const auto& player : players) body(*player);
  }
  // A piece of work for the device that needs the host no more: called, or launched again. Its terms,
  // detached.
  recipes::LossTerms Play(Game& game, const std::string& piece,
                          const std::function<recipes::LossTerms()>& work);
  void BeginEpoch();
  void Prepare(std::span<const dataio::Batch> batches, Game& game);
  void PrepareRecorded(const dataio::Batch& batch, Game& game);
  void AdoptAverages(int64_t done);
  void Conclude(Game& game);
  void PlayRound(size_t round, std::vector<EarlyTerms>& early, Game& game);
  std::vector<EarlyTerms> EarlyLosses(const Players& players, Game& game);
  static recipes::LossTerms TermsOf(const Player& player, recipes::Step& step, EarlyTerms early);
  void Backward(Player& player, Turn turn, EarlyTerms early, Game& game);
  void Update(const std::vector<Player*>& players, Game& game);
  void Update(Player& player, Game& game);
  torch::Tensor Norm(const Player& player, const std::string& prefix = "") const;
  cluster::GradientScale ScaleOf(const Player& player, const torch::Tensor& norm) const;
  void SwapAverages();
  torch::Tensor WeightsAreFinite() const;
  torch::Device device() const { return communicator_.world().device; }

  recipes::System& system_;
  cluster::Communicator& communicator_;
  const TrainerOptions options_;
  std::vector<Players> rounds_;
  std::unique_ptr<StatisticsSnapshot> before_step_;  // for a step that is skipped
  bool captures_ = false;
  std::map<std::string, std::unique_ptr<StepRecording>> recordings_;  // by layout of the batch
};

}  // namespace helio::train
