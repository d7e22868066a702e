#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/communicator.h"
#include "cluster/consistency.h"
#include "cluster/straggler.h"
#include "src/base/tensor.h"
#include "src/recipes/system.h"
#include "src/train/checkpoint_writer.h"
#include "src/train/progress.h"
#include "src/train/progress_bar.h"
#include "src/train/resume.h"
#include "src/train/run_directory.h"
#include "src/train/schedule.h"
#include "src/train/step_profile.h"
#include "src/train/trainer.h"
#include "src/train/training_metrics.h"

namespace helio::train {

struct SessionOptions {
  std::filesystem::path out;
  uint64_t seed = 1;
  int64_t steps = 0;  // train up to this step
  int64_t steps_per_epoch = 1;
  int64_t global_batch = 1;
  torch::Dtype dtype = torch::kFloat32;
  std::string schedule = "constant";
  int64_t log_every = 20;
  int64_t checkpoint_every = 1000;
  int64_t sample_every = 0;
  int64_t evaluate_every = 0;  // also at the end
  Retention retention;         // with keep_best, an evaluation is followed by a checkpoint
  std::string on_checkpoint_failure = "continue";  // and try again at the next checkpoint; or "stop"
  std::string resume = "auto";                     // auto | none | a checkpoint folder
  std::string resume_override;                     // comma-separated flag names that may differ
  int max_bad_steps = 10;
  int64_t check_weights_every = 1000;  // whether all ranks still hold the same
  bool same_statistics = true;         // batch norm's, too
  std::string profile;                 // FROM-TO: steps that are traced
  int exit_code_requeue = 75;
  // What a resume must agree on.
  RunIdentity identity;
  // What decides who waits where, name by name: all ranks must have the same.
  cluster::Fingerprints cadence;
  std::map<std::string, std::string> texts;  // files stored in each checkpoint: run.flags, vocabulary.json
  std::string version, revision;
  std::string weight_gradient;  // how they are computed here: "taps" or "library"

  void Declare(OptionList& list);
};

// What a session asks of its surroundings. Collective unless said otherwise.
struct SessionHooks {
  // Begins to load the batches from step `start` on: at the start, and again after a rollback.
  std::function<void(int64_t start)> start_loading;
  // The next of them; trainer.accumulate() are taken a step.
  std::function<dataio::Batch()> next_batch;
  // Rank 0, at a checkpoint: what is stored beside the raw averages (generator buffers for averaged weights).
  // May be empty.
  std::function<NamedTensors()> average_buffers;
  // Rank 0, once: the run has its folder, and its resume is accepted. May be empty.
  std::function<void()> started;
  // Scores at a cadence and at the end; all ranks. May be empty.
  std::function<std::vector<recipes::ValidationScore>(int64_t step)> evaluate;
  // Pictures at a cadence; rank 0, local. May be empty.
  std::function<void(int64_t step)> draw_samples;
};

// A training run from its first or restored step to its last: loop, log, metrics, checkpoints, signals. Every
// member is collective.
class Session {
 public:
  Session(recipes::System& system, Trainer& trainer, cluster::Communicator& communicator,
          TrainingMetrics& metrics, SessionOptions options, SessionHooks hooks);
  ~Session();

  // Returns the process' exit code: 0 when the last step is done, options.exit_code_requeue when a signal
  // ended it after a checkpoint. Throws Error, also when the last checkpoint cannot be written.
  int Run();

 private:
  int64_t Restore(const std::string& from, bool going_back);
  void TakeInfo(const std::optional<Snapshot>& snapshot);
  std::optional<Snapshot> FindSnapshot(const std::string& from) const;
  void TakeState(const std::optional<Snapshot>& snapshot);
  void CheckRanksAgree();
  int Loop(int64_t step);
  void OneStep(int64_t step);
  recipes::StepContext ContextOf(int64_t step) const;
  void CheckWeights(int64_t step);
  void WatchForStragglers(double busy_seconds);
  void AfterStep(int64_t step);
  bool WentBack(int64_t made, int64_t& step);
  bool OutcomesDue(int64_t step) const;
  std::string ReadOutcomes();
  void Log(int64_t step);
  void DrawSamples(int64_t step);
  void Evaluate(int64_t step);
  std::vector<recipes::ValidationScore> Judged(int64_t step);
  void Record(int64_t step, const std::vector<recipes::ValidationScore>& scores, double seconds);
  void CheckBestExists() const;
  void WarnOfScores() const;
  bool CheckpointDue(int64_t step) const;
  void Checkpoint(int64_t step);
  void Flush();
  Snapshot TakeSnapshot(int64_t step, const NamedTensors& optimizer) const;
  void ReportWrites(bool last = false);
  bool AgreeToStop();
  bool is_rank0() const { return communicator_.rank() == 0; }

  recipes::System& system_;
  Trainer& trainer_;
  cluster::Communicator& communicator_;
  TrainingMetrics& metrics_;
  const SessionOptions options_;
  const Schedule schedule_;
  const SessionHooks hooks_;

  std::unique_ptr<RunDirectory> run_;         // rank 0
  std::unique_ptr<CheckpointWriter> writer_;  // rank 0
  cluster::StragglerDetector stragglers_;
  Progress progress_;
  ProgressBar bar_;
  StepReport report_;  // of the latest step
  StepProfile profile_;
  StepOutcomes outcomes_;         // of steps since they were last read
  Json scores_ = Json::object();  // of the evaluation at scores_step_
  int64_t scores_step_ = -1;
  bool evaluation_pending_ = false;  // the evaluation at the saved step did not come to its end
  int bad_steps_ = 0;                // in a row, of the steps whose outcomes are read
  int rollbacks_ = 0;                // part of every later step's seed
  int64_t rollback_step_ = -1;       // where the last one went back to
};

}  // namespace helio::train
