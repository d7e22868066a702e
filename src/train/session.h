#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "cluster/straggler.h"
#include "src/recipes/system.h"
#include "src/train/checkpoint_keeper.h"
#include "src/train/progress.h"
#include "src/train/progress_bar.h"
#include "src/train/run_history.h"
#include "src/train/scoreboard.h"
#include "src/train/session_options.h"
#include "src/train/step_outcomes.h"
#include "src/train/step_profile.h"
#include "src/train/trainer.h"
#include "src/train/training_metrics.h"

namespace helio::train {

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
  void CheckRanksAgree();
  int64_t TrainFrom(int64_t step);
  void GoOnFrom(int64_t step);
  void Finish();
  int Verdict(int64_t first, int64_t last, double seconds) const;
  void OneStep(int64_t step);
  std::vector<dataio::Batch> NextBatches();
  recipes::StepContext ContextOf(int64_t step) const;
  void CheckWeights(int64_t step);
  void WatchForStragglers(double busy_seconds);
  void AfterStep(int64_t step, bool stopping);
  std::optional<int64_t> GoBackIfDiverged(int64_t made);
  bool OutcomesDue(int64_t step) const;
  std::string ReadOutcomes();
  void Log(int64_t step);
  void DrawSamples(int64_t step);
  void Evaluate(int64_t step);
  std::vector<recipes::ValidationScore> Judged(int64_t step);
  bool CheckpointDue(int64_t step) const;
  void Checkpoint(int64_t step);
  bool AgreeToStop();
  bool is_rank0() const { return communicator_.rank() == 0; }

  recipes::System& system_;
  Trainer& trainer_;
  cluster::Communicator& communicator_;
  TrainingMetrics& metrics_;
  const SessionOptions options_;
  const SessionHooks hooks_;

  cluster::StragglerDetector stragglers_;
  Progress progress_;
  ProgressBar bar_;
  StepReport report_;  // of the latest step
  StepProfile profile_;
  StepOutcomes outcomes_;  // of steps since they were last read
  Scoreboard scoreboard_;
  CheckpointKeeper checkpoints_;
  RunHistory history_;
};

}  // namespace helio::train
