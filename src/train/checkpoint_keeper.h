#pragma once
#include <memory>
#include <optional>
#include <string>

#include "cluster/communicator.h"
#include "src/recipes/system.h"
#include "src/train/checkpoint_writer.h"
#include "src/train/run_directory.h"
#include "src/train/run_history.h"
#include "src/train/session_options.h"
#include "src/train/trainer.h"
#include "src/train/training_metrics.h"

namespace helio::train {

// A training's checkpoints: the one that it goes on from, and those that it leaves. Restore,
// BeginsAnotherPast and Save are collective; of the others only rank 0, which has the folder, makes anything.
class CheckpointKeeper {
 public:
  // Takes the folder's lock; throws as RunDirectory. What it is given outlives it.
  CheckpointKeeper(recipes::System& system, Trainer& trainer, cluster::Communicator& communicator,
                   TrainingMetrics& metrics, const SessionOptions& options, const SessionHooks& hooks);
  ~CheckpointKeeper();  // waits for what is being written

  // Weights, moments, averages and `history` of the checkpoint that `from` (--resume) means, or `going_back`
  // of the one that FindWayBack finds; its step, or nothing where there is none. Checkpoints and records of
  // another past are set aside, but on the second `going_back` to the same step: they tell what happened.
  // Throws Error{kUser} where it is of another run.
  std::optional<int64_t> Restore(const std::string& from, bool going_back, RunHistory& history);
  // Whether a run that is resumed so does not go on from a checkpoint of its folder: as rank 0 sees it, since
  // other hosts may have neither.
  bool BeginsAnotherPast(const std::string& from) const;
  // What checkpoints need to be used, beside them.
  void WriteBeside();

  // The state after `step` steps, with the `scores` of an evaluation at that step (or null): written in the
  // background.
  void Save(int64_t step, const RunHistory& history, Json scores);
  // Waits until all of them are on the disk.
  void Flush();
  // What was written meanwhile, in log and metrics. Throws Error{kSystem} where one failed and
  // --on_checkpoint_failure=stop, or where the `last` did: its weights exist nowhere else.
  void ReportWrites(bool last = false);

  RunDirectory& folder() { return *run_; }  // rank 0

 private:
  bool is_rank0() const { return communicator_.rank() == 0; }
  std::optional<Snapshot> Find(const std::string& from, bool going_back) const;
  bool IsOfAnotherPast(const std::string& from) const;
  void ForgetOtherPast(const std::string& from, int64_t step, bool unjudged);
  void KeepFolder();
  Snapshot MakeSnapshot(int64_t step, const NamedTensors& optimizer, const RunHistory& history) const;

  recipes::System& system_;
  Trainer& trainer_;
  cluster::Communicator& communicator_;
  TrainingMetrics& metrics_;
  const SessionOptions& options_;
  const SessionHooks& hooks_;
  std::unique_ptr<RunDirectory> run_;         // rank 0
  std::unique_ptr<CheckpointWriter> writer_;  // rank 0
};

}  // namespace helio::train
